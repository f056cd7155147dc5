/** Jobs run in one turn of the event loop before other work gets its chance. */
const JOBS_PER_TURN = 100;

/**
 * Spreads the push of a snapshot to thousands of streams over several turns of the event loop, so that ACKs, pings
 * and health checks are answered in between. First in, first out.
 */
export class TurnQueue {
  readonly #schedule: (run: () => void) => void;
  #jobs: (() => void)[] = [];
  #scheduled = false;

  /** @param schedule runs a function in a later turn. Default: `setImmediate`. */
  constructor(schedule: (run: () => void) => void = run => void setImmediate(run)) {
    this.#schedule = schedule;
  }

  /** Jobs that wait. */
  get depth(): number {
    return this.#jobs.length;
  }

  /** @param job must not throw. */
  add(job: () => void): void {
    this.#jobs.push(job);
    this.#arm();
  }

  #arm(): void {
    if (this.#scheduled || this.#jobs.length === 0) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      const turn = this.#jobs.slice(0, JOBS_PER_TURN);
      this.#jobs = this.#jobs.slice(JOBS_PER_TURN);
      this.#arm();
      for (const job of turn) job();
    });
  }
}
