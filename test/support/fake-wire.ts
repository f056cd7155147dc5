import type { status } from '@grpc/grpc-js';
import {
  DeltaDiscoveryRequest,
  DiscoveryRequest,
  DiscoveryResponse,
} from '../../src/gen/envoy/service/discovery/v3/discovery.ts';
import { step } from '../../src/protocol/stream.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { StreamDriver, type StreamDriverParts, type StreamWire } from '../../src/transport/stream-driver.ts';
import { DEFAULT_STREAM_LIMITS, type StreamLimits } from '../../src/transport/stream-limits.ts';
import type { TransportEvent } from '../../src/transport/transport-event.ts';
import { TurnQueue } from '../../src/transport/turn-queue.ts';
import { NameLists } from '../../src/transport/name-lists.ts';
import { ServedVersions } from '../../src/transport/served-versions.ts';
import { type EncodedResponse, UpdateEncoder } from '../../src/transport/update-encoder.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeSource } from './xds-server.ts';

/** A wire that keeps what is written and is as slow as a test wants. */
class FakeWire implements StreamWire {
  readonly written: Buffer[] = [];
  /** What `write` answers. */
  fast = true;
  paused = false;
  ended: { readonly code: status; readonly message: string } | undefined;
  wasReset = false;

  write(response: EncodedResponse): boolean {
    this.written.push(response.toMessage());
    return this.fast;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(code: status, message: string): void {
    this.ended = { code, message };
  }

  reset(): void {
    this.wasReset = true;
  }

  /** SotW responses, decoded. */
  responses(): DiscoveryResponse[] {
    return this.written.map(bytes => DiscoveryResponse.decode(bytes));
  }
}

/** A driver on a fake wire with a fake clock; turns of its queue run when `turn` is called. */
export function driverScene(
  options: {
    readonly variant?: 'sotw' | 'delta';
    readonly snapshot?: Snapshot;
    readonly limits?: Partial<StreamLimits>;
    readonly parts?: Partial<StreamDriverParts>;
  } = {},
) {
  const wire = new FakeWire();
  const clock = new FakeClock();
  const source = new FakeSource(options.snapshot);
  const events: TransportEvent[] = [];
  const turns: (() => void)[] = [];
  const variant = options.variant ?? 'sotw';
  const driver = new StreamDriver(
    {
      wire,
      source,
      stages: (_node, _from, to) => [to],
      clock,
      encoder: new UpdateEncoder('replica-1'),
      lists: new NameLists(),
      served: new ServedVersions(),
      queue: new TurnQueue({ schedule: run => void turns.push(run) }),
      observe: event => void events.push(event),
      step,
      certifiedIds: [],
      ...options.parts,
    },
    { ...DEFAULT_STREAM_LIMITS, ...options.limits },
    { id: '1', service: 'ads', variant, typeUrl: undefined, peer: 'test', openedAtMs: clock.nowMs() },
  );
  return {
    driver,
    wire,
    clock,
    source,
    events,
    turn: () => {
      while (turns.length > 0) turns.shift()?.();
    },
    request: (fields: Parameters<typeof DiscoveryRequest.fromPartial>[0]) => {
      const withNode = { node: { id: 'edge-1' }, ...fields };
      driver.receive(DiscoveryRequest.encode(DiscoveryRequest.fromPartial(withNode)).finish());
    },
    deltaRequest: (fields: Parameters<typeof DeltaDiscoveryRequest.fromPartial>[0]) => {
      const withNode = { node: { id: 'edge-1' }, ...fields };
      driver.receive(DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial(withNode)).finish());
    },
    kinds: () => events.map(event => event.kind),
  };
}
