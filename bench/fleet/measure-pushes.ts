import { setTimeout as pause } from 'node:timers/promises';
import { median } from '../measure.ts';
import type { Figures } from '../report.ts';
import type { LoadProcess } from './load-process.ts';
import { processorMs, residentBytes } from './process-usage.ts';
import type { FleetServer } from './servers.ts';

/** How long a server is left alone after the last response, so that what follows a push is counted to it. */
const QUIET_MS = 250;
/** Pushes that are not counted: the code of both sides is not compiled yet. */
const WARM_UP = 3;

export interface PushScale {
  readonly streams: number;
  readonly pushes: number;
}

/** Connects a fleet to a server and changes one cluster again and again. */
export async function measurePushes(
  server: FleetServer,
  load: LoadProcess,
  scale: PushScale,
): Promise<Figures> {
  const startMs = performance.now();
  const startCpuMs = await processorMs(server.pid);
  await load.open(scale.streams);
  const warmUpMs = performance.now() - startMs;
  await pause(QUIET_MS);
  const warmUpCpuMs = (await processorMs(server.pid)) - startCpuMs;
  const warmRss = await residentBytes(server.pid);
  const pushes: Push[] = [];
  for (let index = 0; index < scale.pushes + WARM_UP; index++) {
    const push = await measurePush(server, load, `push-${String(index).padStart(5, '0')}`);
    if (index >= WARM_UP) pushes.push(push);
  }
  const { now, peak } = await residentBytes(server.pid);
  const of = (key: keyof Push): number => median(pushes.map(push => push[key]));
  return {
    warmUpMs,
    warmUpCpuMs,
    warmRssBytes: warmRss.now,
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    changeP99Ms: of('changeP99Ms'),
    cpuMs: of('cpuMs'),
    loadCpuMs: of('loadCpuMs'),
    pushBytes: of('bytes'),
    responses: of('responses') / scale.streams,
    rssBytes: now,
    peakRssBytes: peak,
  };
}

interface Push {
  /** From publishing to receipt. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the change to receipt. */
  readonly changeP99Ms: number;
  readonly cpuMs: number;
  readonly loadCpuMs: number;
  readonly bytes: number;
  readonly responses: number;
}

async function measurePush(server: FleetServer, load: LoadProcess, marker: string): Promise<Push> {
  await load.counts();
  const [cpuBefore, loadBefore] = [await processorMs(server.pid), await processorMs(load.pid)];
  let times = (): ReturnType<Awaited<ReturnType<FleetServer['change']>>> =>
    Promise.reject(new Error('nothing changed'));
  const { p50AtMs, p99AtMs } = await load.receive(marker, async () => {
    times = await server.change(marker);
  });
  const { changedAtMs, publishedAtMs } = await times();
  await pause(QUIET_MS);
  const { bytes, responses } = await load.counts();
  return {
    p50Ms: p50AtMs - publishedAtMs,
    p99Ms: p99AtMs - publishedAtMs,
    changeP99Ms: p99AtMs - changedAtMs,
    cpuMs: (await processorMs(server.pid)) - cpuBefore,
    loadCpuMs: (await processorMs(load.pid)) - loadBefore,
    bytes,
    responses,
  };
}
