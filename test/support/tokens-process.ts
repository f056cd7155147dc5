import { join } from 'node:path';
import { Child } from '../../scripts/child-process.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import type { TokenKey } from './jwt.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { TokenClient } from './token-client.ts';
import { waitFor } from './wait-for.ts';

/** `authplane tokens` as a child process, with a state directory of its own. */
export class TokensProcess implements AsyncDisposable {
  readonly stateDirectory: string;
  readonly client: TokenClient;
  readonly #stack: AsyncDisposableStack;

  private constructor(stateDirectory: string, client: TokenClient, stack: AsyncDisposableStack) {
    this.stateDirectory = stateDirectory;
    this.client = client;
    this.#stack = stack;
  }

  /** @throws with the output when it does not get ready. */
  static async start(flags: readonly string[], key: TokenKey): Promise<TokensProcess> {
    const stack = new AsyncDisposableStack();
    try {
      const { path } = stack.use(await temporaryDirectory());
      const child = stack.use(
        Child.start(process.execPath, [
          join(REPOSITORY, 'src', 'main.ts'),
          'tokens',
          ...['--state-dir', path, '--token-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'],
          ...['--drain-delay', '0s', ...flags],
        ]),
      );
      const ready = await waitFor('authplane tokens', () => child.hasExited || child.stdout[0], 20_000);
      const port = / tokens=\S+:(\d+) /.exec(ready === true ? '' : ready)?.[1];
      if (port === undefined) throw new Error(child.tail());
      return new TokensProcess(path, new TokenClient(Number(port), key), stack);
    } catch (thrown) {
      await stack.disposeAsync();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
