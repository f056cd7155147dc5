import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { Agent, request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { AuthplaneProcess } from './authplane-process.ts';
import { loadBootstrap, type Bootstrap } from './bootstrap.ts';
import { EnvoyProcess } from './envoy-process.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { SnapshotDirectory } from './snapshot-directory.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What a test starts with. */
export interface ProxyEnvironmentOptions {
  /** File of envoy-bootstrap/, without `.yaml`. */
  readonly bootstrap: string;
  /** Snapshot files by name. */
  readonly files: Readonly<Record<string, unknown>>;
  /** More flags of `authplane serve`. */
  readonly flags?: readonly string[];
  /** The Envoy to run. Default: the one that tests run. */
  readonly binary?: string;
  /** How long connections of a changed listener drain. Default: 1. */
  readonly drainTimeS?: number;
  /** Changes the bootstrap before Envoy gets it. */
  readonly changeBootstrap?: (bootstrap: Bootstrap) => void;
}

/** An answer to a plain HTTP request through Envoy. */
export interface PlainAnswer {
  readonly status: number;
  readonly body: string;
  /** From the request to the end of the answer. */
  readonly durationMs: number;
}

/** authplane and one real Envoy, on snapshot files that a test gives; requests are plain HTTP. */
export class ProxyEnvironment implements AsyncDisposable {
  readonly snapshots: SnapshotDirectory;
  readonly stateDirectory: string;
  /** From the start of Envoy to its first 200 on `/ready`. */
  startupMs = 0;
  readonly #xdsPort: number;
  readonly #flags: readonly string[];
  readonly #stack: AsyncDisposableStack;
  readonly #expectedInLog: RegExp[] = [];
  readonly #agent = new Agent({ keepAlive: true });
  #authplane: AuthplaneProcess | undefined;
  #envoy: EnvoyProcess | undefined;

  private constructor(
    directory: string,
    xdsPort: number,
    flags: readonly string[],
    stack: AsyncDisposableStack,
  ) {
    this.#flags = flags;
    this.snapshots = new SnapshotDirectory(join(directory, 'snapshots'));
    this.stateDirectory = join(directory, 'state');
    this.#xdsPort = xdsPort;
    this.#stack = stack;
  }

  /** Returns when Envoy serves. @throws with the logs when it does not come up. */
  static async start(options: ProxyEnvironmentOptions): Promise<ProxyEnvironment> {
    const stack = new AsyncDisposableStack();
    const directory = stack.use(await temporaryDirectory());
    const environment = new ProxyEnvironment(directory.path, await freePort(), options.flags ?? [], stack);
    try {
      await mkdir(environment.snapshots.path);
      for (const [name, content] of Object.entries(options.files))
        await environment.snapshots.write(name, content);
      await environment.startAuthplane();
      await environment.#startEnvoy(options);
      return environment;
    } catch (thrown) {
      await environment[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  get authplane(): AuthplaneProcess {
    if (this.#authplane === undefined) throw new Error('authplane is not running');
    return this.#authplane;
  }

  get envoy(): EnvoyProcess {
    if (this.#envoy === undefined) throw new Error('Envoy is not running');
    return this.#envoy;
  }

  /** Starts authplane, on the port that it had before. */
  async startAuthplane(): Promise<void> {
    this.#authplane = await AuthplaneProcess.start({
      snapshots: this.snapshots.path,
      stateDirectory: this.stateDirectory,
      xdsPort: this.#xdsPort,
      flags: this.#flags,
    });
  }

  /** GET over a kept connection. @throws when no answer comes within `timeoutMs`. */
  async request(
    port: number,
    headers: Readonly<Record<string, string>>,
    timeoutMs = 10_000,
  ): Promise<PlainAnswer> {
    const startedMs = performance.now();
    const outgoing = request({ host: '127.0.0.1', port, headers, agent: this.#agent, timeout: timeoutMs });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let body = '';
    response.setEncoding('utf8');
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode ?? 0, body, durationMs: performance.now() - startedMs };
  }

  /** Expects errors in the log of authplane that the test provokes. Matched against event and message. */
  expectInLog(...patterns: readonly RegExp[]): void {
    this.#expectedInLog.push(...patterns);
  }

  /** @throws when either log has a problem that no test announced: a NACK is one. */
  assertClean(): void {
    this.envoy.assertClean();
    this.authplane.assertClean(this.#expectedInLog);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    await this.#envoy?.stop();
    await this.#authplane?.[Symbol.asyncDispose]();
    await this.#stack.disposeAsync();
  }

  async #startEnvoy({
    bootstrap: name,
    changeBootstrap,
    drainTimeS = 1,
    binary,
  }: ProxyEnvironmentOptions): Promise<void> {
    const bootstrap = await loadBootstrap(name, { xdsPort: this.#xdsPort });
    changeBootstrap?.(bootstrap);
    const startedMs = performance.now();
    this.#envoy = await EnvoyProcess.start(bootstrap, {
      drainTimeS,
      ...(binary === undefined ? {} : { binary }),
    });
    await this.#envoy.waitUntilLive(25_000);
    this.startupMs = performance.now() - startedMs;
  }
}
