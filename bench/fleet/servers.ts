import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from '../../scripts/child-process.ts';
import { CACHE } from '../../scripts/paths.ts';
import { AuthplaneProcess } from '../../test/support/authplane-process.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { epochMs } from '../measure.ts';
import { changeFirstCluster, type Markers } from './fleet-files.ts';
import type { ChangedPart, FleetSize } from './fleet-names.ts';

/** What a change of the first cluster took before the server could send it; times are milliseconds since the epoch. */
export interface ChangeTimes {
  /** The new file is in place, or the program was told. */
  readonly changedAtMs: number;
  /** The server has made a snapshot of it and begins to send. */
  readonly publishedAtMs: number;
}

/** A server that a fleet connects to. */
export interface FleetServer extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string;
  readonly pid: number;
  /** Changes the first cluster or its endpoints: the marker is in the new version. The times are known when it was sent. */
  change(part: ChangedPart, marker: string): Promise<() => Promise<ChangeTimes>>;
}

/** PEM files of a server that asks for client certificates. */
export interface ServerTlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
}

export interface FleetPlace {
  /** Snapshot files. */
  readonly snapshots: string;
  /** Empty, on the same file system. */
  readonly scratch: string;
  readonly size: FleetSize;
  readonly tls?: ServerTlsFiles;
}

/** `authplane serve` on the snapshot files of a fleet. */
export async function startAuthplane(
  { snapshots, scratch, size, tls }: FleetPlace,
  flags: readonly string[] = [],
  xdsPort = 0,
): Promise<FleetServer> {
  const tlsFlags =
    tls === undefined
      ? []
      : ['--xds-tls-cert', tls.cert, '--xds-tls-key', tls.key, '--xds-tls-client-ca', tls.clientCa];
  const authplane = await AuthplaneProcess.start({
    snapshots,
    stateDirectory: join(scratch, 'state'),
    xdsPort,
    flags: [...tlsFlags, ...flags],
  });
  let markers: Partial<Markers> = {};
  return {
    address: `127.0.0.1:${authplane.xdsPort}`,
    pid: authplane.pid,
    change: async (part, marker) => {
      const from = authplane.log.length;
      markers = { ...markers, [part]: marker };
      await changeFirstCluster(snapshots, scratch, size, markers);
      const changedAtMs = Date.now();
      return async () => {
        const entry = await authplane.waitForLog(
          'the load',
          ({ event }) => event === 'snapshot.loaded',
          from,
        );
        const publishedAtMs = Date.parse(String(entry['time'])) - Number(entry['duration_ms']);
        return { changedAtMs, publishedAtMs };
      };
    },
    [Symbol.asyncDispose]: () => authplane.kill(),
  };
}

/** The snapshot cache of go-control-plane with the same resources; it is told of a change and reads no file. */
export async function startBaseline(
  program: string,
  resources: Buffer,
  { scratch, tls }: FleetPlace,
  port = 0,
): Promise<FleetServer> {
  const file = join(scratch, 'resources.bin');
  await writeFile(file, resources, { mode: 0o600 });
  const tlsFlags = tls === undefined ? [] : ['-cert', tls.cert, '-key', tls.key, '-client-ca', tls.clientCa];
  const child = Child.start(program, ['-resources', file, '-port', String(port), ...tlsFlags], {
    hasInput: true,
  });
  const address = await waitFor('the baseline', () => {
    if (child.hasExited) throw new Error(child.tail());
    return /^ready xds=(\S+)/.exec(child.stdout[0] ?? '')?.[1];
  });
  return {
    address,
    pid: child.pid,
    change: (part, marker) => {
      const changedAtMs = epochMs();
      child.write(`${part === 'cluster' ? 'push' : part} ${marker}`);
      return Promise.resolve(() => Promise.resolve({ changedAtMs, publishedAtMs: changedAtMs }));
    },
    [Symbol.asyncDispose]: async () => {
      await child.stop('SIGKILL');
    },
  };
}

/** Builds the baseline. Needs the Go toolchain and its module cache or proxy. @throws an Error that says what is missing. */
export async function buildBaseline(): Promise<string> {
  const program = join(CACHE, 'bench', 'go-control-plane');
  await mkdir(join(CACHE, 'bench'), { recursive: true });
  const cwd = join(import.meta.dirname, 'baseline');
  try {
    await promisify(execFile)('go', ['build', '-o', program, '.'], { cwd });
  } catch (thrown) {
    throw new Error('the baseline (bench/fleet/baseline) cannot be built; it needs Go 1.24 or newer', {
      cause: thrown,
    });
  }
  return program;
}
