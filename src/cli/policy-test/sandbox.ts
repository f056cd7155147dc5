import { setTimeout as pause } from 'node:timers/promises';
import type { Schema } from '../../compiler/schema/registry.ts';
import { systemClock } from '../../platform/clock.ts';
import { AuthplaneError } from '../../platform/errors.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { XdsServer } from '../../transport/grpc-server.ts';
import { ServedVersions } from '../../transport/served-versions.ts';
import { bootstrapConfig } from '../bootstrap-config.ts';
import { startEnvoy, type EnvoyRun } from './envoy-run.ts';
import { freePort } from './free-port.ts';
import { listenerNames, sandboxSnapshot } from './sandbox-snapshot.ts';
import type { StandIns } from './stand-ins.ts';

/** A snapshot in a throw-away Envoy. Disposing ends it. */
export interface Sandbox extends AsyncDisposable {
  /** The port of each listener. */
  readonly ports: ReadonlyMap<string, number>;
}

const LIVE_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/**
 * Serves a snapshot over ADS to an Envoy of its own, the way `serve` would, and returns when Envoy has all of it.
 * @throws AuthplaneError ENVOY_UNAVAILABLE, or INTERNAL when Envoy rejects something.
 */
export async function startSandbox(
  schema: Schema,
  snapshot: Snapshot,
  standIns: StandIns,
  binary: string,
): Promise<Sandbox> {
  await using starting = new AsyncDisposableStack();
  const ports = new Map<string, number>();
  for (const name of listenerNames(snapshot)) ports.set(name, await freePort());
  const served = sandboxSnapshot(schema, snapshot, { listeners: ports, ...standIns });
  const rejections: string[] = [];
  const server = new XdsServer(
    {
      source: {
        join: (_node, onSnapshot) => {
          onSnapshot(served);
          return { [Symbol.dispose]: () => undefined };
        },
      },
      stages: (_node, _from, to) => [to],
      clock: systemClock,
      observe: event => {
        if (event.kind === 'effect' && event.effect.kind === 'nacked') rejections.push(event.effect.typeUrl);
      },
      served: new ServedVersions(),
      random: Math.random,
      loadDescriptors: () => new Uint8Array(),
    },
    { controlPlaneId: 'authplane-test' },
  );
  const address = await server.start('127.0.0.1:0');
  starting.defer(() => server.drain(0));
  const bootstrap = bootstrapConfig({
    nodeId: 'authplane-test',
    nodeCluster: 'authplane-test',
    xds: { host: '127.0.0.1', port: Number(address.slice(address.lastIndexOf(':') + 1)) },
    adminPort: 0,
    transport: 'ads',
    variant: 'delta',
    tls: undefined,
  });
  const envoy = starting.use(await startEnvoy(binary, bootstrap));
  await waitUntilLive(envoy, rejections);
  const kept = starting.move();
  return { ports, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function waitUntilLive(envoy: EnvoyRun, rejections: readonly string[]): Promise<void> {
  const untilMs = performance.now() + LIVE_TIMEOUT_MS;
  while (performance.now() < untilMs) {
    if (rejections.length > 0) {
      throw new AuthplaneError(
        'INTERNAL',
        `Envoy rejects the snapshot (${rejections.join(', ')}): ${envoy.tail()}`,
      );
    }
    const ready = await fetch(`${envoy.adminUrl}/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready && (await hasAll(envoy))) return;
    await pause(POLL_MS);
  }
  throw new AuthplaneError('ENVOY_UNAVAILABLE', `Envoy did not come up in time: ${envoy.tail()}`);
}

/** Routes come after the listeners that ask for them, and slots may take effect a moment later. */
async function hasAll({ adminUrl }: EnvoyRun): Promise<boolean> {
  const stats = await (
    await fetch(`${adminUrl}/stats?filter=(rds.*|http_filter.*)\\.(update_attempt|update_success)$`)
  ).text();
  const values = new Map(stats.split('\n').map(line => line.split(': ') as [string, string]));
  return [...values].every(([name]) => {
    const success = name.replace('update_attempt', 'update_success');
    return !name.endsWith('update_attempt') || Number(values.get(success) ?? 0) > 0;
  });
}
