import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { HistogramSeries } from './histogram-text.ts';
import {
  METRIC_FAMILIES,
  type FamiliesOf,
  type FamilyName,
  type LabelsOf,
  type MetricFamily,
} from './metric-families.ts';
import { MetricSeries, type SeriesLabels } from './metric-series.ts';

export const METRIC_PREFIX = 'authplane_';

/** Gauges of prom-client with the suffix of a counter, which `promtool check metrics` refuses; their parts remain. */
const MISNAMED_DEFAULTS = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** What was counted since the last scrape. */
interface Tally {
  count: number;
}

interface CounterFamily {
  readonly counter: Counter;
  readonly tallies: MetricSeries<Tally>;
}

interface HistogramFamily {
  readonly family: MetricFamily;
  readonly series: MetricSeries<HistogramSeries>;
}

/**
 * The metrics of one process (or one test): typed by the table of families. Gauges and what is exposed of counters are in a registry of its own;
 * counts are added up and histograms kept here, because a push to thousands of proxies counts tens of thousands of times.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<FamilyName, CounterFamily>();
  readonly #gauges = new Map<FamilyName, Gauge>();
  readonly #histograms = new Map<FamilyName, HistogramFamily>();
  /** Values seen of each open label, by `family label`. */
  readonly #seen = new Map<string, Set<string>>();
  readonly #collectors: (() => void)[] = [];

  /** `processMetrics` adds `process_*` and `nodejs_*` (default: off; on in the server). */
  constructor(options: { readonly processMetrics?: boolean } = {}) {
    for (const [key, family] of Object.entries(METRIC_FAMILIES)) this.#register(key as FamilyName, family);
    if (options.processMetrics === true) this.#addProcessMetrics();
  }

  /** Adds to a counter (default 1). */
  count<F extends FamiliesOf<'counter'>>(family: F, labels: LabelsOf<F>, by = 1): void {
    const tally = this.#counters.get(family)?.tallies.of(labels as SeriesLabels);
    if (tally !== undefined) tally.count += by;
  }

  set<F extends FamiliesOf<'gauge'>>(family: F, labels: LabelsOf<F>, value: number): void {
    this.#gauges.get(family)?.set(this.#bounded(family, labels), value);
  }

  /** Adds to a gauge; negative to subtract. */
  add<F extends FamiliesOf<'gauge'>>(family: F, labels: LabelsOf<F>, by: number): void {
    this.#gauges.get(family)?.inc(this.#bounded(family, labels), by);
  }

  /** Removes all series of a gauge, before it is set anew. */
  clear(family: FamiliesOf<'gauge'>): void {
    this.#gauges.get(family)?.reset();
    for (const key of this.#seen.keys()) {
      if (key.startsWith(`${family} `)) this.#seen.delete(key);
    }
  }

  /** Adds a value to a histogram, in the unit of its name. */
  observe<F extends FamiliesOf<'histogram'>>(family: F, labels: LabelsOf<F>, value: number): void {
    this.#histograms
      .get(family)
      ?.series.of(labels as SeriesLabels)
      .observe(value);
  }

  /** Runs before each scrape: for gauges that are read from state rather than counted along. */
  onScrape(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** All series in the Prometheus text format. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    for (const collect of this.#collectors) collect();
    for (const { counter, tallies } of this.#counters.values()) {
      for (const [tally, labels] of tallies.entries()) {
        counter.inc(labels, tally.count);
        tally.count = 0;
      }
    }
    const histograms = [...this.#histograms.values()].map(histogramText);
    const body = [await this.#registry.metrics(), ...histograms].join('\n');
    return { contentType: this.#registry.contentType, body };
  }

  #addProcessMetrics(): void {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED_DEFAULTS) this.#registry.removeSingleMetric(name);
  }

  #register(key: FamilyName, family: MetricFamily): void {
    const labelNames = Object.keys(family.labels);
    const configuration = {
      name: METRIC_PREFIX + family.name,
      help: family.help,
      labelNames,
      registers: [this.#registry],
    };
    const bound = (labels: SeriesLabels): SeriesLabels => this.#bounded(key, labels);
    switch (family.type) {
      case 'counter': {
        const tallies = new MetricSeries<Tally>(labelNames, () => ({ count: 0 }), bound);
        this.#counters.set(key, { counter: new Counter(configuration), tallies });
        break;
      }
      case 'gauge':
        this.#gauges.set(key, new Gauge(configuration));
        break;
      case 'histogram': {
        const make = (): HistogramSeries => new HistogramSeries(family.buckets ?? []);
        const series = new MetricSeries(labelNames, make, bound);
        // One series that is there from the start, as that of a counter without labels.
        if (labelNames.length === 0) series.of({});
        this.#histograms.set(key, { family, series });
        break;
      }
    }
  }

  #bounded(key: FamilyName, labels: object): Record<string, string> {
    const family: MetricFamily = METRIC_FAMILIES[key];
    const bounded: Record<string, string> = {};
    for (const [label, value] of Object.entries(labels as Readonly<Record<string, string>>)) {
      const values = family.labels[label];
      bounded[label] =
        values !== undefined && 'cap' in values ? this.#capped(`${key} ${label}`, value, values.cap) : value;
    }
    return bounded;
  }

  #capped(key: string, value: string, cap: number): string {
    const seen = this.#seen.get(key) ?? new Set<string>();
    this.#seen.set(key, seen);
    if (!seen.has(value) && seen.size >= cap) return 'other';
    seen.add(value);
    return value;
  }
}

function histogramText({ family, series }: HistogramFamily): string {
  const name = METRIC_PREFIX + family.name;
  const lines = [...series.entries()].flatMap(([histogram, labels]) => histogram.lines(name, labels));
  return [`# HELP ${name} ${family.help}`, `# TYPE ${name} histogram`, ...lines, ''].join('\n');
}
