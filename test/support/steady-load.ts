import { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from './wait-for.ts';
import { httpsRequest } from '../../scripts/https-request.ts';
import type { UpstreamAnswer } from './upstream.ts';

export interface LoadOptions {
  readonly port: number;
  readonly ca: string;
  readonly token: string;
  /** Default: 4 connections, each with a request every 5 ms or less often. */
  readonly connections?: number;
}

/** One answer. */
export interface Answer {
  readonly status: number;
  readonly upstream: string;
  readonly serverName: string;
  /** Serial number of the certificate of the connection it came over. */
  readonly serialNumber: string;
}

/**
 * Clients that send GET requests back to back over kept connections, and keep account. A connection is replaced only
 * when the server asks for it (`connection: close`), as a well-behaved client does; any error is a failure.
 */
export class SteadyLoad implements AsyncDisposable {
  readonly answers: Answer[] = [];
  /** Requests that failed or were not answered with 200. Must stay empty. */
  readonly failures: string[] = [];
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #workers: Promise<void>[];
  #stopping = false;
  #handshakes = 0;

  private constructor(options: LoadOptions) {
    const connections = options.connections ?? 4;
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, maxCachedSessions: 0 });
    this.#workers = Array.from({ length: connections }, () => this.#work());
  }

  /** Starts and waits for the first answer. */
  static async start(options: LoadOptions): Promise<SteadyLoad> {
    const load = new SteadyLoad(options);
    await load.waitForAnswer('the first one', () => true);
    return load;
  }

  /** Number of connections made so far. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** Waits for an answer that is not there yet and fits. */
  async waitForAnswer(what: string, wanted: (answer: Answer) => boolean, timeoutMs = 10_000): Promise<void> {
    const from = this.answers.length;
    await waitFor(`an answer: ${what}`, () => this.answers.slice(from).some(wanted), timeoutMs);
  }

  /** Waits until `count` answers in a row, on all connections, fit. */
  async waitForAll(what: string, wanted: (answer: Answer) => boolean, count = 40): Promise<void> {
    let from = this.answers.length;
    await waitFor(`all answers: ${what}`, () => {
      const last = this.answers.slice(from).findLastIndex(answer => !wanted(answer));
      from += last + 1;
      return this.answers.length - from >= count;
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#workers);
    this.#agent.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #work(): Promise<void> {
    while (!this.#stopping) {
      try {
        const answer = await this.#send();
        if (answer.status === 200) this.answers.push(answer);
        else this.failures.push(`status ${answer.status}`);
      } catch (thrown) {
        this.failures.push(String(thrown));
      }
      await pause(5);
    }
  }

  async #send(): Promise<Answer> {
    const { port, ca, token } = this.#options;
    const answer = await httpsRequest({ port, ca, token, path: '/', agent: this.#agent, timeoutMs: 5000 });
    if (!answer.reusedConnection) this.#handshakes++;
    return {
      status: answer.status,
      upstream: answer.status === 200 ? (JSON.parse(answer.body) as UpstreamAnswer).upstream : '',
      serverName: String(answer.headers['server']),
      serialNumber: answer.serialNumber,
    };
  }
}
