/** How long jobs may keep one turn of the event loop before other work gets its chance. */
const TURN_MS = 20;

export interface TurnQueueParts {
  /** Runs a function in a later turn. Default: `setImmediate`. */
  readonly schedule: (run: () => void) => void;
  /** Milliseconds, monotonic. Default: those of the process. */
  readonly nowMs: () => number;
}

const DEFAULT_PARTS: TurnQueueParts = {
  schedule: run => void setImmediate(run),
  nowMs: () => performance.now(),
};

/**
 * Spreads the push of a snapshot to thousands of streams over several turns of the event loop, so that ACKs, pings
 * and health checks are answered in between: often enough for them, and not so often that the last stream waits for the
 * ACKs of all others. First in, first out.
 */
export class TurnQueue {
  readonly #parts: TurnQueueParts;
  #jobs: (() => void)[] = [];
  #done = 0;
  #scheduled = false;

  constructor(parts: Partial<TurnQueueParts> = {}) {
    this.#parts = { ...DEFAULT_PARTS, ...parts };
  }

  /** Jobs that wait. */
  get depth(): number {
    return this.#jobs.length - this.#done;
  }

  /** @param job must not throw. */
  add(job: () => void): void {
    this.#jobs.push(job);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#parts.schedule(() => this.#turn());
  }

  #turn(): void {
    const endMs = this.#parts.nowMs() + TURN_MS;
    // A job that is added by a job belongs to the next turn.
    const last = this.#jobs.length;
    do {
      this.#jobs[this.#done++]?.();
    } while (this.#done < last && this.#parts.nowMs() < endMs);
    if (this.#done < this.#jobs.length) {
      this.#parts.schedule(() => this.#turn());
      return;
    }
    this.#jobs = [];
    this.#done = 0;
    this.#scheduled = false;
  }
}
