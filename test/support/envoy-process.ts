import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../../scripts/child-process.ts';
import { envoyBinary } from './envoy-binary.ts';
import { temporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts';
import { waitFor } from './wait-for.ts';

export interface EnvoyOptions {
  /** Default: the one that tests run. */
  readonly binary?: string;
  /** How long removed listeners drain. Default: 5. */
  readonly drainTimeS?: number;
  /** Warnings and errors that the test expects in the log, besides those that every start prints. */
  readonly expectedProblems?: readonly RegExp[];
}

/** Printed by a healthy Envoy with the bootstrap of a test. */
const USUAL_PROBLEMS: readonly RegExp[] = [
  // No global limit of downstream connections: right for a test on loopback.
  /There is no configured limit to the number of allowed active downstream connections/,
];

const LOG_LINE = /^\[[^\]]*\]\[\d+\]\[(\w+)\]\[(\w+)\] (.*)$/;

/** A real Envoy with one worker. The admin address is on a free port; no listener of the bootstrap is touched. */
export class EnvoyProcess implements AsyncDisposable {
  readonly adminUrl: string;
  readonly #child: Child;
  readonly #directory: TemporaryDirectory;
  readonly #expected: RegExp[];

  private constructor(child: Child, directory: TemporaryDirectory, adminUrl: string, expected: RegExp[]) {
    this.#child = child;
    this.#directory = directory;
    this.adminUrl = adminUrl;
    this.#expected = expected;
  }

  /**
   * Starts Envoy and returns when its admin address answers; see `waitUntilLive`. `admin` of the bootstrap is replaced.
   * @throws with the log when Envoy ends before that.
   */
  static async start(bootstrap: object, options: EnvoyOptions = {}): Promise<EnvoyProcess> {
    const binary = options.binary ?? (await envoyBinary());
    const directory = await temporaryDirectory();
    const configPath = join(directory.path, 'bootstrap.json');
    const adminPath = join(directory.path, 'admin');
    const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
    await writeFile(configPath, JSON.stringify({ ...bootstrap, admin }), { mode: 0o600 });
    const files = ['--config-path', configPath, '--admin-address-path', adminPath];
    const drain = ['--drain-time-s', String(options.drainTimeS ?? 5)];
    const child = Child.start(binary, [...files, ...drain, '--concurrency', '1', '--disable-hot-restart']);
    try {
      const address = await waitFor('the admin address of Envoy', async () => {
        if (child.hasExited) return 'none';
        return (await readFile(adminPath, 'utf8').catch(() => '')).trim() || undefined;
      });
      if (address === 'none') throw new Error('Envoy ended at its start');
      return new EnvoyProcess(child, directory, `http://${address}`, [...(options.expectedProblems ?? [])]);
    } catch (thrown) {
      await child.stop('SIGKILL');
      await directory[Symbol.asyncDispose]();
      throw new Error(child.tail(), { cause: thrown });
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The log so far, one entry a line. */
  get log(): readonly string[] {
    return this.#child.stderr;
  }

  /** Expects a warning or error that the test is about to provoke. */
  expectProblem(...patterns: readonly RegExp[]): void {
    this.#expected.push(...patterns);
  }

  /** Waits until all that the first configuration needs has arrived. @throws with the log after `timeoutMs`. */
  async waitUntilLive(timeoutMs = 15_000): Promise<void> {
    await this.#explained(
      waitFor('Envoy is live', async () => (await fetch(`${this.adminUrl}/ready`)).status === 200, timeoutMs),
    );
  }

  /** Counters and gauges whose names match, by name. */
  async stats(filter: string): Promise<ReadonlyMap<string, number>> {
    const url = `${this.adminUrl}/stats?format=json&filter=${encodeURIComponent(filter)}`;
    const body = (await (await fetch(url)).json()) as {
      readonly stats: readonly { readonly name?: string; readonly value?: number }[];
    };
    return new Map(
      body.stats.flatMap(({ name, value }) => (name && value !== undefined ? [[name, value]] : [])),
    );
  }

  /** One counter or gauge; 0 when there is none. */
  async stat(name: string): Promise<number> {
    return (await this.stats(`^${name.replace(/[.]/g, '\\.')}$`)).get(name) ?? 0;
  }

  /** Waits until a counter or gauge is as wanted. */
  async waitForStat(name: string, wanted: (value: number) => boolean, timeoutMs = 10_000): Promise<void> {
    await this.#explained(waitFor(`stat ${name}`, async () => wanted(await this.stat(name)), timeoutMs));
  }

  /** `/config_dump` as text, for instance to look for a name in it. */
  async configDump(query = 'include_eds'): Promise<string> {
    return (await fetch(`${this.adminUrl}/config_dump?${query}`)).text();
  }

  /** Warnings and errors in the log that nobody expects: rejected configuration is among them. */
  problems(): string[] {
    return this.log.filter(line => {
      const [, level, , message] = LOG_LINE.exec(line) ?? [];
      if (level === undefined || message === undefined || level === 'info' || level === 'debug') return false;
      return ![...USUAL_PROBLEMS, ...this.#expected].some(pattern => pattern.test(message));
    });
  }

  /** @throws with every warning and error of the log that was not expected. */
  assertClean(): void {
    const problems = this.problems();
    if (problems.length > 0) throw new Error(`unexpected in the log of Envoy:\n${problems.join('\n')}`);
  }

  /** SIGSTOP freezes it with its connections open; SIGCONT lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.signal(signal);
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    await this.#directory[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #explained<T>(promise: Promise<T>): Promise<T> {
    return promise.catch((thrown: unknown) => {
      throw new Error(`${String(thrown)}\n${this.#child.tail(40)}`, { cause: thrown });
    });
  }
}
