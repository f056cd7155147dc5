import { mebibytes, threeDigits, times, whole, type Column, type Figures, type Section } from '../report.ts';
import type { Variant } from './discovery-messages.ts';
import { type Contender, FleetStage } from './fleet-stage.ts';
import { measurePushes, measureWarmUp, type Pushes, type WarmUp } from './measure-pushes.ts';
import { residentBytes } from './process-usage.ts';

/** What a fleet is, and how it is connected. */
export interface FleetCase {
  readonly variant: Variant;
  readonly clusters: number;
  readonly transport: 'plaintext' | 'mTLS';
}

export interface FleetScale {
  readonly streams: number;
  readonly pushes: number;
  readonly cases: readonly FleetCase[];
}

/** What one server did in one case. */
interface Measured {
  readonly warmUp: WarmUp;
  readonly cluster: Pushes;
  readonly endpoints: Pushes;
  readonly rss: { readonly now: number; readonly peak: number };
}

/** @param baseline the program of the baseline; undefined: authplane alone. */
export async function measureFleet(
  scale: FleetScale,
  baseline: string | undefined,
): Promise<readonly Section[]> {
  const pushRows: Figures[] = [];
  const warmUpRows: Figures[] = [];
  for (const entry of scale.cases) {
    await using stage = await FleetStage.make(entry.clusters, entry.transport);
    const ours = await measure(stage, { kind: 'authplane' }, entry, scale);
    const theirs =
      baseline === undefined
        ? undefined
        : await measure(stage, { kind: 'baseline', program: baseline }, entry, scale);
    const head = { variant: entry.variant, clusters: entry.clusters, transport: entry.transport };
    warmUpRows.push({ ...head, ...warmUpFigures(ours, theirs) });
    pushRows.push(
      { ...head, changed: 'cluster', ...pushFigures(ours.cluster, theirs?.cluster, scale.streams) },
      { ...head, changed: 'endpoints', ...pushFigures(ours.endpoints, theirs?.endpoints, scale.streams) },
    );
  }
  return [pushSection(pushRows, scale), warmUpSection(warmUpRows, scale)];
}

async function measure(
  stage: FleetStage,
  contender: Contender,
  { variant }: FleetCase,
  scale: FleetScale,
): Promise<Measured> {
  await using server = await stage.start(contender);
  await using load = stage.load(server, variant);
  const warmUp = await measureWarmUp(server, load, scale.streams);
  const cluster = await measurePushes(server, load, 'cluster', scale);
  const endpoints = await measurePushes(server, load, 'endpoints', scale);
  return { warmUp, cluster, endpoints, rss: await residentBytes(server.pid) };
}

function pushFigures(ours: Pushes, theirs: Pushes | undefined, streams: number): Figures {
  return {
    cpuMs: ours.cpuMs,
    p50Ms: ours.p50Ms,
    p99Ms: ours.p99Ms,
    changeP99Ms: ours.changeP99Ms,
    streamBytes: ours.bytes / streams,
    ...(theirs === undefined
      ? {}
      : {
          baselineCpuMs: theirs.cpuMs,
          cpuRatio: theirs.cpuMs / ours.cpuMs,
          baselineP99Ms: theirs.p99Ms,
          p99Ratio: theirs.p99Ms / ours.p99Ms,
          baselineBytes: theirs.bytes / streams,
        }),
  };
}

function warmUpFigures(ours: Measured, theirs: Measured | undefined): Figures {
  return {
    wallMs: ours.warmUp.wallMs,
    cpuMs: ours.warmUp.cpuMs,
    rssBytes: ours.rss.now,
    peakBytes: ours.rss.peak,
    ...(theirs === undefined
      ? {}
      : {
          baselineWallMs: theirs.warmUp.wallMs,
          wallRatio: theirs.warmUp.wallMs / ours.warmUp.wallMs,
          baselineCpuMs: theirs.warmUp.cpuMs,
          cpuRatio: theirs.warmUp.cpuMs / ours.warmUp.cpuMs,
          baselineRssBytes: theirs.rss.now,
          rssRatio: theirs.rss.now / ours.rss.now,
        }),
  };
}

const CASE_COLUMNS: readonly Column[] = [
  { key: 'variant', title: 'protocol' },
  { key: 'clusters', title: 'clusters', format: whole },
  { key: 'transport', title: 'transport' },
];

function pushSection(rows: readonly Figures[], { streams }: FleetScale): Section {
  return {
    name: 'fleetPush',
    title: `Fleet: a change for ${streams.toLocaleString('en-US')} streams`,
    note:
      'Medians. Baseline: the snapshot cache of go-control-plane, all nodes in one group. CPU: of the server for one change, with all ACKs; authplane reads and\n' +
      'compiles files, the baseline reads none. p50, p99: from the beginning of sending to receipt. From disk: from the rename of the file, with debounce and\n' +
      'confirmation (225 ms). After a cluster authplane sends its endpoints again, on which Envoy warms it; the baseline does not.',
    columns: [
      ...CASE_COLUMNS,
      { key: 'changed', title: 'changed' },
      { key: 'cpuMs', title: 'CPU ms', format: threeDigits },
      { key: 'baselineCpuMs', title: 'baseline', format: threeDigits },
      { key: 'cpuRatio', title: 'ratio', format: times },
      { key: 'p50Ms', title: 'p50 ms', format: whole },
      { key: 'p99Ms', title: 'p99 ms', format: whole },
      { key: 'baselineP99Ms', title: 'baseline', format: whole },
      { key: 'p99Ratio', title: 'ratio', format: times },
      { key: 'changeP99Ms', title: 'from disk p99 ms', format: whole },
      { key: 'streamBytes', title: 'bytes / stream', format: whole },
      { key: 'baselineBytes', title: 'baseline', format: whole },
    ],
    rows,
  };
}

function warmUpSection(rows: readonly Figures[], { streams }: FleetScale): Section {
  return {
    name: 'fleetWarmUp',
    title: `Fleet: ${streams.toLocaleString('en-US')} streams connect at once`,
    note:
      'Each on a connection of its own, six types (CDS, EDS, SDS, LDS, RDS, ECDS), node messages of 60 kB. Wall: until the last stream has everything. RSS of the\n' +
      'server: after all pushes, and the peak.',
    columns: [
      ...CASE_COLUMNS,
      { key: 'wallMs', title: 'wall ms', format: whole },
      { key: 'baselineWallMs', title: 'baseline', format: whole },
      { key: 'wallRatio', title: 'ratio', format: times },
      { key: 'cpuMs', title: 'CPU ms', format: whole },
      { key: 'baselineCpuMs', title: 'baseline', format: whole },
      { key: 'cpuRatio', title: 'ratio', format: times },
      { key: 'rssBytes', title: 'RSS MiB', format: mebibytes },
      { key: 'peakBytes', title: 'peak', format: mebibytes },
      { key: 'baselineRssBytes', title: 'baseline', format: mebibytes },
      { key: 'rssRatio', title: 'ratio', format: times },
    ],
    rows,
  };
}
