import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Child } from '../../scripts/child-process.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import { waitFor } from './wait-for.ts';

export interface AuthplaneOptions {
  readonly snapshots: string;
  readonly stateDirectory: string;
  /** Default 0: a free one. */
  readonly xdsPort?: number;
  /** More flags of `authplane serve`. */
  readonly flags?: readonly string[];
}

/** A key beside the state directory, the same for every start on it. */
async function stateKeyOf(stateDirectory: string): Promise<string> {
  const path = `${stateDirectory}.key`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, randomBytes(32), { mode: 0o600, flag: 'wx' }).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  });
  return path;
}

/** One line of the JSON log on stderr. */
export interface LogEntry {
  readonly level: string;
  readonly msg?: string;
  readonly event?: string;
  readonly [field: string]: unknown;
}

/** `authplane serve` as a child process, as operators run it. */
export class AuthplaneProcess implements AsyncDisposable {
  readonly xdsPort: number;
  readonly adminUrl: string;
  /** 0 without a token service. */
  readonly tokenPort: number;
  readonly #child: Child;

  private constructor(child: Child, xdsPort: number, adminPort: number, tokenPort: number) {
    this.tokenPort = tokenPort;
    this.#child = child;
    this.xdsPort = xdsPort;
    this.adminUrl = `http://127.0.0.1:${adminPort}`;
  }

  /** Returns when the ready line has been printed. @throws with the output when the process ends before it. */
  static async start(options: AuthplaneOptions): Promise<AuthplaneProcess> {
    const stateKey = await stateKeyOf(options.stateDirectory);
    const child = Child.start(process.execPath, [
      join(REPOSITORY, 'src', 'main.ts'),
      'serve',
      ...['--snapshots', options.snapshots, '--state-dir', options.stateDirectory],
      ...['--state-key-file', stateKey],
      ...['--xds-address', `127.0.0.1:${options.xdsPort ?? 0}`, '--admin-address', '127.0.0.1:0'],
      ...['--drain-delay', '0s', '--drain-spread', '0s'],
      ...(options.flags ?? []),
    ]);
    try {
      const { xdsPort, adminPort, tokenPort } = await waitFor(
        'the ready line of authplane',
        () => {
          if (child.hasExited) return { xdsPort: 0, adminPort: 0, tokenPort: 0 };
          const ready = child.stdout.find(line => line.startsWith('authplane ready'));
          const ports = /xds=\S+:(\d+) admin=\S+:(\d+) /.exec(ready ?? '');
          const tokens = / tokens=\S+:(\d+)/.exec(ready ?? '');
          return (
            ports !== null && {
              xdsPort: Number(ports[1]),
              adminPort: Number(ports[2]),
              tokenPort: Number(tokens?.[1] ?? 0),
            }
          );
        },
        20_000,
      );
      if (xdsPort === 0) throw new Error('authplane ended at its start');
      return new AuthplaneProcess(child, xdsPort, adminPort, tokenPort);
    } catch (thrown) {
      await child.stop('SIGKILL');
      throw new Error(child.tail(), { cause: thrown });
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  get readyLine(): string {
    return this.#child.stdout[0] ?? '';
  }

  get log(): readonly LogEntry[] {
    return this.#child.stderr.map(line => {
      try {
        return JSON.parse(line) as LogEntry;
      } catch {
        return { level: 'error', msg: line };
      }
    });
  }

  /** Waits for a log entry, among those from index `from` on. @throws with the log after `timeoutMs`. */
  async waitForLog(
    what: string,
    wanted: (entry: LogEntry) => boolean,
    from = 0,
    timeoutMs = 10_000,
  ): Promise<LogEntry> {
    return waitFor(`log of authplane: ${what}`, () => this.log.slice(from).find(wanted), timeoutMs).catch(
      (thrown: unknown) => {
        throw new Error(`${String(thrown)}\n${this.#child.tail(40)}`, { cause: thrown });
      },
    );
  }

  /** A document of the admin API, for instance `/api/v1/nodes`. */
  async api(path: string): Promise<unknown> {
    return (await fetch(`${this.adminUrl}${path}`)).json();
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.adminUrl}/metrics`)).text();
  }

  async readyStatus(): Promise<number> {
    return (await fetch(`${this.adminUrl}/readyz`)).status;
  }

  /** Entries of level error or fatal, and rejected configuration, that none of the patterns expects. */
  problems(expected: readonly RegExp[] = []): LogEntry[] {
    return this.log.filter(entry => {
      const bad = entry.level === 'error' || entry.level === 'fatal' || entry.event === 'xds.nack';
      return bad && !expected.some(pattern => pattern.test(`${entry.event ?? ''} ${entry.msg ?? ''}`));
    });
  }

  /** @throws with every problem of the log that was not expected. */
  assertClean(expected: readonly RegExp[] = []): void {
    const problems = this.problems(expected);
    if (problems.length > 0) {
      throw new Error(
        `unexpected in the log of authplane:\n${problems.map(entry => JSON.stringify(entry)).join('\n')}`,
      );
    }
  }

  /** SIGTERM, as a service manager stops it. @throws unless it ends with code 0 in time. */
  async stop(): Promise<void> {
    const { code, signal } = await this.#child.stop('SIGTERM');
    if (code !== 0) throw new Error(`authplane ended with ${String(code ?? signal)}\n${this.#child.tail()}`);
  }

  /** SIGKILL, as a crash. */
  async kill(): Promise<void> {
    await this.#child.stop('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop('SIGTERM');
  }
}
