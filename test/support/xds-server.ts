import { readFileSync } from 'node:fs';
import type { NodeIdentity } from '../../src/resources/node.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { SnapshotSource } from '../../src/store/snapshot-source.ts';
import { XdsServer, type XdsServerOptions, type XdsServerParts } from '../../src/transport/grpc-server.ts';
import { ServedVersions } from '../../src/transport/served-versions.ts';
import type { TransportEvent } from '../../src/transport/transport-event.ts';

/** A snapshot source that a test feeds: one group for all nodes whose id does not start with `unknown`. */
export class FakeSource implements SnapshotSource {
  readonly #members = new Set<(snapshot: Snapshot) => void>();
  #current: Snapshot | undefined;

  constructor(current?: Snapshot) {
    this.#current = current;
  }

  join(node: NodeIdentity, onSnapshot: (snapshot: Snapshot) => void): Disposable {
    if (node.id.startsWith('unknown')) return { [Symbol.dispose]: () => undefined };
    this.#members.add(onSnapshot);
    if (this.#current !== undefined) onSnapshot(this.#current);
    return { [Symbol.dispose]: () => void this.#members.delete(onSnapshot) };
  }

  publish(snapshot: Snapshot): void {
    this.#current = snapshot;
    for (const member of this.#members) member(snapshot);
  }

  /** Streams that follow the snapshot. */
  get members(): number {
    return this.#members.size;
  }
}

/** A listening server with what it told. `await using` stops it. */
export interface RunningServer extends AsyncDisposable {
  readonly server: XdsServer;
  readonly address: string;
  readonly source: FakeSource;
  readonly events: TransportEvent[];
  eventsOf<Kind extends TransportEvent['kind']>(kind: Kind): Extract<TransportEvent, { kind: Kind }>[];
}

/** Starts the real gRPC server on a free port of the loopback address, or on `address`. */
export async function startXdsServer(
  current?: Snapshot,
  options: Partial<XdsServerOptions> = {},
  { address: wanted = '127.0.0.1:0', ...parts }: Partial<XdsServerParts> & { address?: string } = {},
): Promise<RunningServer> {
  const source = new FakeSource(current);
  const events: TransportEvent[] = [];
  const server = new XdsServer(
    {
      source,
      stages: (_node, _from, to) => [to],
      clock: systemClock,
      observe: event => void events.push(event),
      random: () => 0.5,
      served: new ServedVersions(),
      loadDescriptors: () => readFileSync(new URL('../../src/gen/descriptors.binpb', import.meta.url)),
      ...parts,
    },
    { controlPlaneId: 'replica-1', ...options },
  );
  const address = await server.start(wanted);
  return {
    server,
    address,
    source,
    events,
    eventsOf: <Kind extends TransportEvent['kind']>(kind: Kind) =>
      events.filter((event): event is Extract<TransportEvent, { kind: Kind }> => event.kind === kind),
    [Symbol.asyncDispose]: () => {
      server.stop();
      return Promise.resolve();
    },
  };
}
