import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** What a response says about the chain that it passed. */
export interface ChainAnswer {
  readonly status: number;
  /** The chain that the route of the request names; on every answer. */
  readonly routeChain: string;
  /** The chain that has let the request in, as the upstream saw it; empty for answers of Envoy itself. */
  readonly passedChain: string;
  /** The revision of that chain. */
  readonly revision: number;
  readonly path: string;
  readonly atMs: number;
}

/** Whom a request comes from: `both` must always pass, `none` never; `even` and `odd` by the revision of the chain. */
export type Caller = 'both' | 'none' | 'even' | 'odd';

export interface ChainLoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly paths: readonly string[];
  /** The token of a caller at this moment. */
  readonly tokenOf: (caller: Caller) => string | undefined;
  /** Between two requests of a connection. */
  readonly pauseMs: number;
}

const CALLERS: readonly Caller[] = ['both', 'none', 'even', 'both', 'odd'];

/**
 * Requests over many kept connections, each with and without a token in turn, and everything that must never happen: a valid token that
 * is refused, a request that passes without one, or by another chain than its route names, or by a mixture of two
 * revisions; an error; a connection that the server cuts.
 */
export class ChainLoad implements AsyncDisposable {
  readonly violations: string[] = [];
  requests = 0;
  /** Connections that Envoy closed or asked to close. */
  closed = 0;
  /** Newest answers first checked by `waitFor…`; bounded. */
  readonly #recent: ChainAnswer[] = [];
  readonly #options: ChainLoadOptions;
  readonly #agents: readonly Agent[];
  readonly #workers: readonly Promise<void>[];
  #stopping = false;

  constructor(options: ChainLoadOptions) {
    this.#options = options;
    this.#agents = Array.from(
      { length: options.connections },
      () => new Agent({ keepAlive: true, maxSockets: 1 }),
    );
    this.#workers = this.#agents.map((agent, index) => this.#work(agent, index));
  }

  /** When the first answer after `fromMs` came that fits; undefined: not yet. */
  firstAfter(fromMs: number, wanted: (answer: ChainAnswer) => boolean): number | undefined {
    return this.#recent.find(answer => answer.atMs >= fromMs && wanted(answer))?.atMs;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#workers);
    for (const agent of this.#agents) agent.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #work(agent: Agent, index: number): Promise<void> {
    const { paths, pauseMs } = this.#options;
    for (let turn = index; !this.#stopping; turn++) {
      const caller = CALLERS[turn % CALLERS.length] ?? 'both';
      const path = paths[Math.floor(turn / CALLERS.length) % paths.length] ?? '/';
      try {
        this.#judge(caller, await this.#send(agent, caller, path));
      } catch (thrown) {
        this.violations.push(`${caller} ${path}: ${String(thrown)}`);
      }
      await pause(pauseMs);
    }
  }

  async #send(agent: Agent, caller: Caller, path: string): Promise<ChainAnswer> {
    const token = this.#options.tokenOf(caller);
    const outgoing = request({
      host: '127.0.0.1',
      port: this.#options.port,
      path,
      agent,
      timeout: 10_000,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer within 10 s')));
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let body = '';
    response.setEncoding('utf8');
    for await (const chunk of response) body += String(chunk);
    if (response.headers.connection === 'close') this.closed++;
    const passed = response.statusCode === 200 ? (JSON.parse(body) as Passed).headers : {};
    return {
      status: response.statusCode ?? 0,
      routeChain: String(response.headers['x-route-chain']),
      passedChain: passed['x-chain'] ?? '',
      revision: Number(passed['x-revision'] ?? '0'),
      path,
      atMs: Date.now(),
    };
  }

  #judge(caller: Caller, answer: ChainAnswer): void {
    this.requests++;
    this.#recent.unshift(answer);
    this.#recent.length = Math.min(this.#recent.length, 2000);
    const problem = problemOf(caller, answer);
    if (problem !== undefined) this.violations.push(`${problem}: ${caller} ${JSON.stringify(answer)}`);
  }
}

interface Passed {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

function problemOf(caller: Caller, answer: ChainAnswer): string | undefined {
  const { status, routeChain, passedChain, revision } = answer;
  if (status === 200 && passedChain !== routeChain) return 'passed another chain than the route names';
  if (caller === 'none') return status === 401 ? undefined : 'not refused without a token';
  if (caller === 'both') return status === 200 ? undefined : 'refused with a valid token';
  if (status === 403) return undefined;
  if (status !== 200) return 'unexpected status';
  return (revision % 2 === 0) === (caller === 'even') ? undefined : 'let in by a mixture of revisions';
}
