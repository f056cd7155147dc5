/** Time as a dependency, so that tests drive it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Runs once after `ms`; disposing cancels. Never keeps the process alive by itself. */
  after(ms: number, run: () => void): Disposable;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
