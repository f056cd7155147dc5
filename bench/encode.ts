import { Bench } from 'tinybench';
import type { Update } from '../src/protocol/update.ts';
import { resourcesOf } from '../src/resources/snapshot.ts';
import { CLUSTER } from '../src/resources/type-url.ts';
import { UpdateEncoder } from '../src/transport/update-encoder.ts';
import { snapshotChain } from './fleet-of-clusters.ts';
import { naiveResources, NaiveStream } from './naive-stream.ts';
import { mebibytes, threeDigits, times, whole, type Figures, type Section } from './report.ts';

/** How much of it. */
export interface EncodeScale {
  readonly clusters: readonly number[];
  /** For how many streams the bytes are counted. */
  readonly streams: number;
  /** Of each way of encoding, at least. */
  readonly timeMs: number;
}

/** A SotW CDS response: the bytes shared by all streams, or made by each. */
export async function measureEncoding(scale: EncodeScale): Promise<Section> {
  const rows: Figures[] = [];
  for (const clusters of scale.clusters) rows.push(await measureSize(clusters, scale));
  return {
    name: 'encode',
    title: 'Encode: one SotW CDS response',
    note:
      `Kept: bytes that ${scale.streams.toLocaleString('en-US')} streams hold while they write, with the body shared, and with one each. First: the body is joined\n` +
      'from framed resources. Further: it is found, and gets a head of its own. Baseline: the generated code encodes all resources.',
    columns: [
      { key: 'clusters', title: 'clusters', format: whole },
      { key: 'bytes', title: 'response bytes', format: whole },
      { key: 'sharedBytes', title: 'kept shared MiB', format: mebibytes },
      { key: 'perStreamBytes', title: 'kept per stream MiB', format: mebibytes },
      { key: 'firstUs', title: 'first µs', format: threeDigits },
      { key: 'furtherUs', title: 'further µs', format: threeDigits },
      { key: 'baselineUs', title: 'baseline µs', format: threeDigits },
      { key: 'ratio', title: 'baseline / further', format: times },
    ],
    rows,
  };
}

async function measureSize(clusters: number, scale: EncodeScale): Promise<Figures> {
  const [snapshot] = snapshotChain(CLUSTER, clusters, 1);
  if (snapshot === undefined) throw new Error('there is no snapshot');
  const encoder = new UpdateEncoder('bench');
  const update: Update = {
    variant: 'sotw',
    typeUrl: CLUSTER,
    versionInfo: snapshot.version,
    resources: [...resourcesOf(snapshot, CLUSTER).byName.values()],
    removed: [],
    bodiless: [],
  };
  const bytes = encoder.encode(update, '1000').byteLength;
  const body = encoder.encode(update, '').byteLength;
  const resources = naiveResources(snapshot, CLUSTER);
  const naive = new NaiveStream('sotw', CLUSTER);
  const bench = new Bench({ time: scale.timeMs, warmupTime: scale.timeMs / 4, throws: true });
  bench.add('first', () => void encoder.encode({ ...update }, '1000'));
  bench.add('further', () => void encoder.encode(update, '1000'));
  bench.add('baseline', () => void naive.write(resources, snapshot.version));
  await bench.run();
  const furtherUs = medianUs(bench, 'further');
  const baselineUs = medianUs(bench, 'baseline');
  return {
    clusters,
    bytes,
    sharedBytes: body + scale.streams * (bytes - body),
    perStreamBytes: scale.streams * bytes,
    firstUs: medianUs(bench, 'first'),
    furtherUs,
    baselineUs,
    ratio: baselineUs / furtherUs,
  };
}

function medianUs(bench: Bench, name: string): number {
  const result = bench.getTask(name)?.result;
  if (result === undefined || !('latency' in result)) throw new Error(`${name} was not measured`);
  return result.latency.p50 * 1000;
}
