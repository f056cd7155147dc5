import { CLUSTER } from '../src/resources/type-url.ts';
import type { Snapshot } from '../src/resources/snapshot.ts';
import { BenchStream, type Variant } from './bench-stream.ts';
import { snapshotChain } from './fleet-of-clusters.ts';
import { medianAfterWarmUp, timeMs } from './measure.ts';
import { naiveResources, NaiveStream } from './naive-stream.ts';
import { threeDigits, times, whole, type Figures, type Section } from './report.ts';

/** How much of it. */
export interface StepScale {
  readonly clusters: readonly number[];
  readonly publishes: number;
  readonly streams: number;
}

/** One of n clusters changed: what one stream costs. */
export function measureSteps(scale: StepScale): Section {
  const rows = scale.clusters.flatMap(clusters =>
    (['sotw', 'delta'] as const).map(variant => {
      // Not shared: the difference between two snapshots is remembered as long as they live.
      const chain = snapshotChain(CLUSTER, clusters, scale.publishes + 1);
      return measureStep(variant, clusters, chain, scale);
    }),
  );
  return {
    name: 'step',
    title: 'Protocol step: one of n clusters changed, on one stream with a CDS wildcard',
    note:
      'Without bytes. The first stream that meets a change computes the difference, all others find it. An ACK is decoded\n' +
      'and stepped. Baseline: each stream copies and compares all names by itself.',
    columns: [
      { key: 'clusters', title: 'clusters', format: whole },
      { key: 'variant', title: 'variant' },
      { key: 'firstUs', title: 'first stream µs', format: threeDigits },
      { key: 'furtherUs', title: 'further stream µs', format: threeDigits },
      { key: 'ackUs', title: 'ACK µs', format: threeDigits },
      { key: 'baselineUs', title: 'baseline µs', format: threeDigits },
      { key: 'ratio', title: 'baseline / further', format: times },
    ],
    rows,
  };
}

function measureStep(
  variant: Variant,
  clusters: number,
  chain: readonly Snapshot[],
  { streams: streamCount, publishes }: StepScale,
): Figures {
  const streams = Array.from({ length: streamCount }, () => new BenchStream(variant));
  const naive = new NaiveStream(variant, CLUSTER);
  const samples = { first: [] as number[], further: [] as number[], ack: [] as number[] };
  const baseline: number[] = [];
  const [start, ...changes] = chain;
  if (start === undefined) throw new Error('there is no snapshot');
  for (const stream of streams) {
    stream.take(start);
    stream.subscribe(CLUSTER, []);
  }
  naive.take(naiveResources(start, CLUSTER));
  const [first, ...further] = streams;
  for (const snapshot of changes) {
    samples.first.push(timeMs(() => first?.take(snapshot)));
    const furtherMs = timeMs(() => {
      for (const stream of further) stream.take(snapshot);
    });
    samples.further.push(furtherMs / further.length);
    const acknowledgements = streams.map(stream => stream.acknowledgements([]));
    const ackMs = timeMs(() => {
      for (const [index, requests] of acknowledgements.entries()) {
        for (const request of requests) streams[index]?.receive(request);
      }
    });
    samples.ack.push(ackMs / streams.length);
    const resources = naiveResources(snapshot, CLUSTER);
    baseline.push(timeMs(() => naive.take(resources)));
  }
  const micros = (values: readonly number[]): number => medianAfterWarmUp(values, publishes / 4) * 1000;
  const furtherUs = micros(samples.further);
  const baselineUs = micros(baseline);
  return {
    clusters,
    variant,
    firstUs: micros(samples.first),
    furtherUs,
    ackUs: micros(samples.ack),
    baselineUs,
    ratio: baselineUs / furtherUs,
  };
}
