import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AuthplaneProcess } from './authplane-process.ts';
import { runCli, type CliResult } from './cli.ts';
import { TokenKey } from './jwt.ts';
import { SnapshotDirectory } from './snapshot-directory.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { TokenClient } from './token-client.ts';
import { writeTokenFiles } from './token-files.ts';

/** `authplane serve` with a token service and no proxies. */
export class TokenProcess implements AsyncDisposable {
  readonly directory: string;
  readonly stateDirectory: string;
  readonly #flags: readonly string[];
  readonly #key: TokenKey;
  readonly #stack: AsyncDisposableStack;
  #authplane: AuthplaneProcess | undefined;

  private constructor(
    directory: string,
    flags: readonly string[],
    key: TokenKey,
    stack: AsyncDisposableStack,
  ) {
    this.directory = directory;
    this.stateDirectory = join(directory, 'state');
    this.#flags = flags;
    this.#key = key;
    this.#stack = stack;
  }

  static async start(databaseUrl: string | undefined, more: readonly string[] = []): Promise<TokenProcess> {
    const stack = new AsyncDisposableStack();
    try {
      const { path } = stack.use(await temporaryDirectory());
      const key = new TokenKey('client');
      const files = await writeTokenFiles(path, key);
      await mkdir(join(path, 'snapshots'));
      const snapshots = new SnapshotDirectory(join(path, 'snapshots'));
      await snapshots.write('edge.yaml', { clusters: [{ name: 'a', connect_timeout: '1s' }] });
      const flags = [
        ...['--token-config', files.config, '--kek-file', files.kek, '--token-address', '127.0.0.1:0'],
        ...(databaseUrl === undefined ? [] : ['--database-url', databaseUrl]),
        ...more,
      ];
      const process_ = new TokenProcess(path, flags, key, stack);
      stack.defer(async () => process_.#authplane?.[Symbol.asyncDispose]());
      await process_.up();
      return process_;
    } catch (thrown) {
      await stack.disposeAsync();
      throw thrown;
    }
  }

  get authplane(): AuthplaneProcess {
    if (this.#authplane === undefined) throw new Error('authplane is not running');
    return this.#authplane;
  }

  get client(): TokenClient {
    return new TokenClient(this.authplane.tokenPort, this.#key);
  }

  /** Starts it, also again. */
  async up(): Promise<void> {
    this.#authplane = await AuthplaneProcess.start({
      snapshots: join(this.directory, 'snapshots'),
      stateDirectory: this.stateDirectory,
      flags: this.#flags,
    });
  }

  /** A command of authplane on the running token service. */
  command(...argv: readonly string[]): Promise<CliResult> {
    return runCli([...argv, '--state-dir', this.stateDirectory]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
