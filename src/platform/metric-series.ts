/** Label values by name, in the order of the family. */
export type SeriesLabels = Readonly<Record<string, string>>;

/**
 * The series of one family, each found by its label values: what is counted for every message must not pay for labels that are sorted and hashed
 * anew each time.
 */
export class MetricSeries<Series extends object> {
  readonly #labelNames: readonly string[];
  readonly #make: (labels: SeriesLabels) => Series;
  readonly #bound: (labels: SeriesLabels) => SeriesLabels;
  readonly #root: Level<Series> = { below: new Map(), series: undefined };
  readonly #labels = new Map<Series, SeriesLabels>();

  /** @param bound replaces label values that are too many (see `cap` of a family). */
  constructor(
    labelNames: readonly string[],
    make: (labels: SeriesLabels) => Series,
    bound: (labels: SeriesLabels) => SeriesLabels,
  ) {
    this.#labelNames = labelNames;
    this.#make = make;
    this.#bound = bound;
  }

  /** The series of these labels; it is made when it is asked for first. */
  of(labels: SeriesLabels): Series {
    let level: Level<Series> | undefined = this.#root;
    for (const name of this.#labelNames) level = level?.below.get(labels[name] ?? '');
    return level?.series ?? this.#add(this.#bound(labels));
  }

  entries(): Iterable<readonly [Series, SeriesLabels]> {
    return this.#labels;
  }

  /** Values that were replaced are not remembered: there may be any number of them. */
  #add(labels: SeriesLabels): Series {
    let level = this.#root;
    for (const name of this.#labelNames) {
      const value = labels[name] ?? '';
      let next = level.below.get(value);
      if (next === undefined) level.below.set(value, (next = { below: new Map(), series: undefined }));
      level = next;
    }
    if (level.series === undefined) {
      level.series = this.#make(labels);
      this.#labels.set(level.series, labels);
    }
    return level.series;
  }
}

/** The series with the label values on the way here, and those that have more. */
interface Level<Series> {
  readonly below: Map<string, Level<Series>>;
  series: Series | undefined;
}
