import { setTimeout as pause } from 'node:timers/promises';
import { epochMs } from '../measure.ts';
import { threeDigits, times, whole, type Figures, type Section } from '../report.ts';
import type { Variant } from './discovery-messages.ts';
import { type Contender, FleetStage } from './fleet-stage.ts';
import { processorMs } from './process-usage.ts';

export interface StormScale {
  readonly variants: readonly Variant[];
  readonly streams: number;
  readonly clusters: number;
  /** Share of the streams that refuse clusters, and changes that they are sent. */
  readonly refusingShare: number;
  readonly changes: number;
  /** How long is watched what a server does after a refusal. */
  readonly watchMs: number;
}

/** What goes wrong in a fleet: a server that is killed under all of it, and proxies that refuse what they are sent. */
export async function measureStorms(
  scale: StormScale,
  baseline: string | undefined,
): Promise<readonly Section[]> {
  const contenders: readonly Contender[] = [
    { kind: 'authplane' },
    ...(baseline === undefined ? [] : [{ kind: 'baseline', program: baseline } as const]),
  ];
  const killRows: Figures[] = [];
  const refusalRows: Figures[] = [];
  for (const variant of scale.variants) {
    await using stage = await FleetStage.make(scale.clusters, 'plaintext');
    const kills: Figures[] = [];
    for (const contender of contenders) {
      kills.push(await measureKill(stage, contender, variant, scale));
      refusalRows.push(await measureRefusals(stage, contender, variant, scale));
    }
    const [ours, theirs] = kills.map(({ backMs }) => Number(backMs));
    killRows.push(
      ...kills.map((row, index) =>
        index === 0 && ours !== undefined && theirs !== undefined ? { ...row, ratio: theirs / ours } : row,
      ),
    );
  }
  return [killSection(killRows, scale), refusalSection(refusalRows, scale)];
}

/** kill -9, and the same server again on the same port. Proxies come back as Envoys do: after a random part of half a second that doubles. */
async function measureKill(
  stage: FleetStage,
  contender: Contender,
  variant: Variant,
  { streams }: StormScale,
): Promise<Figures> {
  const first = await stage.start(contender);
  const port = Number(first.address.split(':').at(-1));
  await using load = stage.load(first, variant);
  await load.open(streams);
  await load.counts();
  const killedMs = epochMs();
  await first[Symbol.asyncDispose]();
  await using second = await stage.start(contender, [], port);
  const startedMs = epochMs();
  const { p50AtMs, lastAtMs } = await load.receive('cluster', 'cluster-after', async () => {
    await second.change('cluster', 'cluster-after');
  });
  const { bytes, resources } = await load.counts();
  return {
    variant,
    server: contender.kind,
    startMs: startedMs - killedMs,
    halfMs: p50AtMs - killedMs,
    backMs: lastAtMs - killedMs,
    cpuMs: await processorMs(second.pid),
    resources: resources / streams,
    streamBytes: bytes / streams,
  };
}

function killSection(rows: readonly Figures[], { streams, clusters }: StormScale): Section {
  return {
    name: 'fleetKill',
    title: `Fleet: kill -9 under ${streams.toLocaleString('en-US')} streams, ${clusters.toLocaleString('en-US')} clusters`,
    note:
      'Started: until the same server is there again, on the same files; at once a cluster changes. Half, all: of the streams have it, counted from the kill. The\n' +
      'ratio is that of all. CPU: of the new process, its start included. Resources: sent to each stream since the kill.',
    columns: [
      { key: 'variant', title: 'protocol' },
      { key: 'server', title: 'server' },
      { key: 'startMs', title: 'started ms', format: whole },
      { key: 'halfMs', title: 'half ms', format: whole },
      { key: 'backMs', title: 'all ms', format: whole },
      { key: 'ratio', title: 'ratio', format: times },
      { key: 'cpuMs', title: 'CPU ms', format: whole },
      { key: 'resources', title: 'resources / stream', format: whole },
      { key: 'streamBytes', title: 'bytes / stream', format: whole },
    ],
    rows,
  };
}

async function measureRefusals(
  stage: FleetStage,
  contender: Contender,
  variant: Variant,
  { streams, refusingShare, changes, watchMs }: StormScale,
): Promise<Figures> {
  await using server = await stage.start(contender);
  await using load = stage.load(server, variant);
  const refusing = Math.max(1, Math.round(streams * refusingShare));
  await load.open(streams, refusing);
  await load.counts();
  const cpuBefore = await processorMs(server.pid);
  let toRefusing = 0;
  for (let index = 0; index < changes; index++) {
    await load.receive('cluster', `refused-${index}`, async () => {
      await server.change('cluster', `refused-${index}`);
    });
    await pause(watchMs);
    toRefusing += (await load.counts()).toRefusing;
  }
  return {
    variant,
    server: contender.kind,
    refusing,
    perChange: toRefusing / refusing / changes,
    cpuMs: ((await processorMs(server.pid)) - cpuBefore) / changes,
  };
}

function refusalSection(rows: readonly Figures[], { streams, watchMs }: StormScale): Section {
  return {
    name: 'fleetRefusals',
    title: `Fleet: some of ${streams.toLocaleString('en-US')} streams refuse each change of a cluster`,
    note:
      `Cluster responses to one refusing stream for one change, within ${(watchMs / 1000).toFixed(1)} s of its receipt: 1 is one rejection and nothing sent again. CPU: of the\n` +
      'server for one change and that time.',
    columns: [
      { key: 'variant', title: 'protocol' },
      { key: 'server', title: 'server' },
      { key: 'refusing', title: 'refusing', format: whole },
      { key: 'perChange', title: 'responses / change', format: threeDigits },
      { key: 'cpuMs', title: 'CPU ms / change', format: whole },
    ],
    rows,
  };
}
