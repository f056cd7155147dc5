import { setTimeout as pause } from 'node:timers/promises';
import { mebibytes, threeDigits, whole, type Figures, type Section } from '../report.ts';
import { FleetStage } from './fleet-stage.ts';
import { processorMs, residentBytes } from './process-usage.ts';

export interface SoakScale {
  readonly streams: number;
  readonly clusters: number;
  readonly durationMs: number;
  readonly reconnectsPerSecond: number;
  /** One cluster changes so often. */
  readonly changeEveryMs: number;
}

/** Rows of the table, evenly spread over the time. */
const ROWS = 5;

/** Many streams on one process that come and go, while clusters change: memory must stay as it is. */
export async function measureSoak(scale: SoakScale): Promise<Section> {
  await using stage = await FleetStage.make(scale.clusters, 'plaintext');
  await using server = await stage.start({ kind: 'authplane' }, ['--new-streams-per-second', '2000']);
  await using load = stage.load(server, 'delta');
  const rows: Figures[] = [];
  const opened = await load.open(scale.streams);
  rows.push({ minutes: 0, ...(await figures(server.pid)), slowestMs: opened.slowestMs });
  load.churn(scale.reconnectsPerSecond);
  const startMs = performance.now();
  let changes = 0;
  for (let row = 1; row <= ROWS; row++) {
    await load.counts();
    const cpuBefore = await processorMs(server.pid);
    const rowStartMs = performance.now();
    const delays: number[] = [];
    do {
      const marker = `soak-${changes++}`;
      const changedMs = Date.now();
      const { p99AtMs } = await load.receive('cluster', marker, async () => {
        await server.change('cluster', marker);
      });
      delays.push(p99AtMs - changedMs);
      await pause(scale.changeEveryMs);
    } while (performance.now() - startMs < (scale.durationMs * row) / ROWS);
    const { ends } = await load.counts();
    rows.push({
      minutes: (performance.now() - startMs) / 60_000,
      ...(await figures(server.pid)),
      cpuShare: (((await processorMs(server.pid)) - cpuBefore) / (performance.now() - rowStartMs)) * 100,
      changeP99Ms: Math.max(...delays),
      failures: Object.values(ends).reduce((sum, count) => sum + count, 0),
    });
  }
  return soakSection(rows, scale, changes);
}

async function figures(pid: number): Promise<Figures> {
  const { now, peak } = await residentBytes(pid);
  return { rssBytes: now, peakBytes: peak };
}

function soakSection(
  rows: readonly Figures[],
  { streams, clusters, reconnectsPerSecond }: SoakScale,
  changes: number,
): Section {
  return {
    name: 'fleetSoak',
    title: `Fleet: ${streams.toLocaleString('en-US')} delta streams that come and go, ${clusters.toLocaleString('en-US')} clusters`,
    note:
      `${reconnectsPerSecond} connections a second are cut and opened again; ${changes.toLocaleString('en-US')} changes of a cluster, each received by all streams. Change p99: the slowest of\n` +
      'the row, from the rename of the file. Ended: streams that ended otherwise than by being cut. CPU: of one core.',
    columns: [
      { key: 'minutes', title: 'minutes', format: threeDigits },
      { key: 'rssBytes', title: 'RSS MiB', format: mebibytes },
      { key: 'peakBytes', title: 'peak', format: mebibytes },
      { key: 'cpuShare', title: 'CPU %', format: whole },
      { key: 'changeP99Ms', title: 'change p99 ms', format: whole },
      { key: 'slowestMs', title: 'slowest warm-up ms', format: whole },
      { key: 'failures', title: 'ended', format: whole },
    ],
    rows,
  };
}
