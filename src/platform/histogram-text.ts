import type { SeriesLabels } from './metric-series.ts';

/** What was observed with the same labels. */
export class HistogramSeries {
  readonly #bounds: readonly number[];
  /** Observations up to each bound and above the one before; those above all bounds last. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = [...bounds, Infinity].map(() => 0);
  }

  observe(value: number): void {
    let index = 0;
    while (value > (this.#bounds[index] ?? Infinity)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  /** Its lines in the Prometheus text format (version 0.0.4). @param name of the family, with prefix. */
  lines(name: string, labels: SeriesLabels): readonly string[] {
    let count = 0;
    const buckets = [...this.#bounds, Infinity].map((bound, index) => {
      count += this.#counts[index] ?? 0;
      const le = bound === Infinity ? '+Inf' : String(bound);
      return `${name}_bucket${labelText({ le, ...labels })} ${count}`;
    });
    return [
      ...buckets,
      `${name}_sum${labelText(labels)} ${this.#sum}`,
      `${name}_count${labelText(labels)} ${count}`,
    ];
  }
}

function labelText(labels: SeriesLabels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
