import { setTimeout as pause } from 'node:timers/promises';
import { median } from '../measure.ts';
import type { ChangedPart } from './fleet-names.ts';
import type { LoadProcess } from './load-process.ts';
import { processorMs } from './process-usage.ts';
import type { ChangeTimes, FleetServer } from './servers.ts';

/** How long a server is left alone after the last response, so that what follows a push is counted to it. */
const QUIET_MS = 250;
/** Pushes that are not counted: the code of both sides is not compiled yet. */
const WARM_UP = 3;

/** What it took until all streams had everything. */
export interface WarmUp {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Medians over pushes. */
export interface Pushes {
  /** Of the server, with the reading of files, if it reads any, and all ACKs. */
  readonly cpuMs: number;
  /** From the beginning of sending to receipt, of half and of nearly all streams. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the change to receipt. */
  readonly changeP99Ms: number;
  /** To all streams. */
  readonly bytes: number;
  /** To one stream. */
  readonly responses: number;
}

/** Connects a fleet to a server. */
export async function measureWarmUp(
  server: FleetServer,
  load: LoadProcess,
  streams: number,
): Promise<WarmUp> {
  const startMs = performance.now();
  const startCpuMs = await processorMs(server.pid);
  await load.open(streams);
  const wallMs = performance.now() - startMs;
  await pause(QUIET_MS);
  return { wallMs, cpuMs: (await processorMs(server.pid)) - startCpuMs };
}

/** Changes one part of the fleet again and again. */
export async function measurePushes(
  server: FleetServer,
  load: LoadProcess,
  part: ChangedPart,
  { streams, pushes }: { readonly streams: number; readonly pushes: number },
): Promise<Pushes> {
  const measured: Pushes[] = [];
  for (let index = 0; index < pushes + WARM_UP; index++) {
    const push = await measurePush(server, load, part, `${part}-${String(index).padStart(5, '0')}`);
    if (index >= WARM_UP) measured.push(push);
  }
  const of = (key: keyof Pushes): number => median(measured.map(push => push[key]));
  return {
    cpuMs: of('cpuMs'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    changeP99Ms: of('changeP99Ms'),
    bytes: of('bytes'),
    responses: of('responses') / streams,
  };
}

async function measurePush(
  server: FleetServer,
  load: LoadProcess,
  part: ChangedPart,
  marker: string,
): Promise<Pushes> {
  await load.counts();
  const cpuBefore = await processorMs(server.pid);
  let times = (): Promise<ChangeTimes> => Promise.reject(new Error('nothing changed'));
  const { p50AtMs, p99AtMs } = await load.receive(part, marker, async () => {
    times = await server.change(part, marker);
  });
  const { changedAtMs, publishedAtMs } = await times();
  await pause(QUIET_MS);
  const { bytes, responses } = await load.counts();
  return {
    cpuMs: (await processorMs(server.pid)) - cpuBefore,
    p50Ms: p50AtMs - publishedAtMs,
    p99Ms: p99AtMs - publishedAtMs,
    changeP99Ms: p99AtMs - changedAtMs,
    bytes,
    responses,
  };
}
