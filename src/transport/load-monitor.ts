import { totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../platform/clock.ts';
import { type LoadLimits, type LoadSample, type Overload, stepLoadGuard } from './load-guard.ts';
import type { TransportObserver } from './transport-event.ts';

export interface LoadMonitorParts {
  readonly clock: Clock;
  readonly observe: TransportObserver;
  /** Called once for each sample. */
  readonly sample: () => LoadSample;
}

const SAMPLE_MS = 1_000;
const LAG_RESOLUTION_MS = 20;

/** Looks once a second whether the process can take more streams. Those that are open are never ended for it. */
export class LoadMonitor implements Disposable {
  readonly #parts: LoadMonitorParts;
  readonly #limits: LoadLimits;
  #overloads: ReadonlySet<Overload> = new Set();
  #timer: Disposable | undefined;

  constructor(parts: LoadMonitorParts, limits: LoadLimits) {
    this.#parts = parts;
    this.#limits = limits;
  }

  start(): void {
    this.#timer = this.#parts.clock.after(SAMPLE_MS, () => {
      this.#look();
      this.start();
    });
  }

  /** Undefined: streams may come. */
  get overload(): Overload | undefined {
    const [first] = this.#overloads;
    return first;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #look(): void {
    const before = this.#overloads;
    const sample = this.#parts.sample();
    this.#overloads = stepLoadGuard(before, sample, this.#limits);
    for (const overload of this.#overloads.symmetricDifference(before)) {
      const isOver = this.#overloads.has(overload);
      this.#parts.observe({ kind: 'overload', overload, isOver, ...sample });
    }
  }
}

/** The load of this process. Call it from one place: each call begins a new measurement of the lag. */
export function processLoad(): () => LoadSample {
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delay.enable();
  return () => {
    // Of the timer that measures: it is late by its own interval when nothing is.
    const lagMs = Number.isNaN(delay.mean) ? 0 : Math.max(0, delay.mean / 1e6 - LAG_RESOLUTION_MS);
    delay.reset();
    return { memoryBytes: process.memoryUsage.rss(), lagMs };
  };
}

/** What of the limit of a container may be used before it is too much: buffers on their way to slow clients come on top. */
const MEMORY_SHARE = 0.85;

/** From the memory limit of the container; undefined where there is none. */
export function containerMemoryLimit(): number | undefined {
  const limit = process.constrainedMemory();
  return limit === 0 || limit >= totalmem() ? undefined : limit * MEMORY_SHARE;
}
