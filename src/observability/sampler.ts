import type { Clock } from '../platform/clock.ts';

export interface SamplerOptions {
  /** Events let through per window. */
  readonly limit: number;
  readonly windowMs: number;
}

/** Lets through so many events of a kind per window, so that a port scan or a storm does not fill the log. */
export class Sampler {
  readonly #clock: Clock;
  readonly #options: SamplerOptions;
  #windowEndsMs = 0;
  #seen = 0;
  #suppressed = 0;

  constructor(clock: Clock, options: SamplerOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Undefined: leave the event out. Otherwise how many were left out since the last one that was let through. */
  admit(): { readonly suppressed: number } | undefined {
    const nowMs = this.#clock.nowMs();
    if (nowMs >= this.#windowEndsMs) {
      this.#windowEndsMs = nowMs + this.#options.windowMs;
      this.#seen = 0;
    }
    this.#seen++;
    if (this.#seen > this.#options.limit) {
      this.#suppressed++;
      return undefined;
    }
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return { suppressed };
  }
}
