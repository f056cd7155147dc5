/** What a process is short of. */
export type Overload = 'memory' | 'lag';

/** How a process is doing. */
export interface LoadSample {
  /** Resident. */
  readonly memoryBytes: number;
  /** How late the event loop was since the sample before, on average. */
  readonly lagMs: number;
}

/** From where on new streams are turned away. */
export interface LoadLimits {
  /** Undefined: no limit. */
  readonly maxMemoryBytes: number | undefined;
  readonly maxLagMs: number;
}

/** So far below its limit a load must be before it is over: else streams would be let in and turned away by turns. */
const RELIEF = { memory: 0.95, lag: 0.5 };

/** What the process is short of after a sample. Pure. */
export function stepLoadGuard(
  overloads: ReadonlySet<Overload>,
  { memoryBytes, lagMs }: LoadSample,
  { maxMemoryBytes = Infinity, maxLagMs }: LoadLimits,
): ReadonlySet<Overload> {
  const next = new Set<Overload>();
  const judge = (overload: Overload, value: number, limit: number): void => {
    if (value > limit * (overloads.has(overload) ? RELIEF[overload] : 1)) next.add(overload);
  };
  judge('memory', memoryBytes, maxMemoryBytes);
  judge('lag', lagMs, maxLagMs);
  return next;
}
