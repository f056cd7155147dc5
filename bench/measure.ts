/** Runs `work` once. Returns how long it took, in milliseconds. */
export function timeMs(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

/** The middle value, or the mean of the two in the middle. NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
}

/** The median of what follows the first `warmUp` values, which still pay for compiling the code. */
export function medianAfterWarmUp(values: readonly number[], warmUp: number): number {
  return median(values.slice(Math.min(warmUp, values.length - 1)));
}

/** Milliseconds since the epoch, with fractions: the same for all processes of the machine. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
