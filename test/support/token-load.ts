import { setTimeout as pause } from 'node:timers/promises';
import { HttpClient } from './http-client.ts';

/** Requests over kept connections, each with the newest of some tokens or an older one; what is not answered with 200 is noted. */
export class TokenLoad implements AsyncDisposable {
  requests = 0;
  readonly failures: string[] = [];
  /** The newest last. */
  readonly #tokens: string[];
  readonly #port: number;
  readonly #workers: readonly Promise<void>[];
  #isStopping = false;

  constructor(
    port: number,
    tokens: readonly string[],
    { connections, pauseMs }: { readonly connections: number; readonly pauseMs: number },
  ) {
    this.#port = port;
    this.#tokens = [...tokens];
    this.#workers = Array.from({ length: connections }, (_, index) => this.#work(index, pauseMs));
  }

  /** Uses this token, too, and forgets the oldest of many. */
  add(token: string): void {
    this.#tokens.push(token);
    if (this.#tokens.length > 5) this.#tokens.shift();
  }

  /** Uses no other token than this one. */
  replace(token: string): void {
    this.#tokens.splice(0, Infinity, token);
  }

  /** Resolves when the last request has been answered. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#workers);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #work(index: number, pauseMs: number): Promise<void> {
    using client = new HttpClient(this.#port, { maxSockets: 1 });
    for (let turn = index; !this.#isStopping; turn++) {
      const token = this.#tokens[turn % this.#tokens.length] ?? '';
      try {
        const status = await client.status({ path: '/api', token });
        if (status !== 200) this.failures.push(`status ${status}`);
      } catch (thrown) {
        this.failures.push(String(thrown));
      }
      this.requests++;
      await pause(pauseMs);
    }
  }
}
