import { CLUSTER, ENDPOINTS, shortNameOf, type TypeUrl } from '../src/resources/type-url.ts';
import { UpdateEncoder } from '../src/transport/update-encoder.ts';
import { collectedHeapBytes } from '../test/support/heap.ts';
import { BenchStream, type Variant } from './bench-stream.ts';
import { clusterNames, snapshotChain } from './fleet-of-clusters.ts';
import { medianAfterWarmUp, timeMs } from './measure.ts';
import { naiveResources, NaiveStream } from './naive-stream.ts';
import { kibibytes, threeDigits, times, whole, type Figures, type Section } from './report.ts';

/** How much of it. */
export interface PublishScale {
  readonly clusters: number;
  readonly streams: number;
  readonly publishes: number;
}

interface Workload extends PublishScale {
  readonly variant: Variant;
  readonly typeUrl: TypeUrl;
  /** What each stream asks for; empty: everything. */
  readonly names: readonly string[];
}

/** One resource changed: what it costs to make the messages of all streams. */
export function measurePublishes(scale: PublishScale): Section {
  const names = clusterNames(scale.clusters);
  const variants = ['sotw', 'delta'] as const;
  const workloads: readonly Workload[] = [
    ...variants.map(variant => ({ ...scale, variant, typeUrl: CLUSTER, names: [] })),
    ...variants.map(variant => ({ ...scale, variant, typeUrl: ENDPOINTS, names })),
  ];
  return {
    name: 'publish',
    title: 'Publish: one resource changed, all streams',
    note:
      'Step, bytes and one copy for each stream, all ACKs apart. CDS by wildcard, EDS by a list of all names. Baseline: each\n' +
      'stream compares all names and encodes its response with the generated code.',
    columns: [
      { key: 'streams', title: 'streams', format: whole },
      { key: 'resources', title: 'resources', format: whole },
      { key: 'type', title: 'type' },
      { key: 'variant', title: 'variant' },
      { key: 'publishMs', title: 'publish ms', format: threeDigits },
      { key: 'acksMs', title: 'ACKs ms', format: threeDigits },
      { key: 'baselineMs', title: 'baseline ms', format: threeDigits },
      { key: 'ratio', title: 'baseline / publish', format: times },
      { key: 'messageBytes', title: 'message bytes', format: whole },
      { key: 'heapBytesPerStream', title: 'heap / stream KiB', format: kibibytes },
    ],
    rows: workloads.map(measurePublish),
  };
}

function measurePublish(workload: Workload): Figures {
  const { variant, typeUrl, names, clusters, publishes } = workload;
  const encoder = new UpdateEncoder('bench');
  const [start, ...changes] = snapshotChain(typeUrl, clusters, publishes + 1);
  if (start === undefined) throw new Error('there is no snapshot');
  const heapBefore = collectedHeapBytes();
  const streams = Array.from({ length: workload.streams }, () => {
    const stream = new BenchStream(variant);
    stream.take(start);
    stream.subscribe(typeUrl, names);
    return stream;
  });
  const heapBytesPerStream = (collectedHeapBytes() - heapBefore) / streams.length;
  const publishMs: number[] = [];
  const acksMs: number[] = [];
  let messageBytes = 0;
  for (const snapshot of changes) {
    const ms = timeMs(() => {
      for (const stream of streams) {
        stream.take(snapshot);
        messageBytes = stream.write(encoder);
      }
    });
    publishMs.push(ms);
    const acknowledgements = streams.map(stream => stream.acknowledgements(names));
    acksMs.push(
      timeMs(() => {
        for (const [index, requests] of acknowledgements.entries()) {
          for (const request of requests) streams[index]?.receive(request);
        }
      }),
    );
  }
  const baselineMs = measureBaseline(workload, changes.length);
  const ours = medianAfterWarmUp(publishMs, 2);
  return {
    streams: workload.streams,
    resources: clusters,
    type: shortNameOf(typeUrl),
    variant,
    publishMs: ours,
    acksMs: medianAfterWarmUp(acksMs, 2),
    baselineMs,
    ratio: baselineMs / ours,
    messageBytes,
    heapBytesPerStream,
  };
}

/** The same with naive streams. EDS in SotW sends only what changed, so its baseline encodes as delta does. */
function measureBaseline(workload: Workload, publishes: number): number {
  const { typeUrl, clusters } = workload;
  const variant = typeUrl === CLUSTER ? workload.variant : 'delta';
  const chain = snapshotChain(typeUrl, clusters, Math.min(publishes, 4) + 1);
  const streams = Array.from({ length: workload.streams }, () => new NaiveStream(variant, typeUrl));
  const samples: number[] = [];
  for (const [index, snapshot] of chain.entries()) {
    const resources = naiveResources(snapshot, typeUrl);
    const ms = timeMs(() => {
      for (const stream of streams) {
        stream.take(resources);
        if (index > 0) stream.write(resources, snapshot.version);
      }
    });
    if (index > 0) samples.push(ms);
  }
  return medianAfterWarmUp(samples, 1);
}
