import { status } from '@grpc/grpc-js';
import type { Clock } from '../platform/clock.ts';
import { step } from '../protocol/stream.ts';
import type { SnapshotSource } from '../store/snapshot-source.ts';
import { admit, type AdmissionOptions, initialAdmission, leave } from './admission.ts';
import type { DiscoveryMethod } from './discovery-services.ts';
import type { IdentityRule } from '../resources/identity-rule.ts';
import { GrpcWire, type RawCall } from './grpc-wire.ts';
import { readPeerCertificate, type PeerCertificate } from '../tls/peer-certificate.ts';
import type { Overload } from './load-guard.ts';
import { NameLists } from './name-lists.ts';
import type { ServedVersions } from './served-versions.ts';
import { StreamDriver, type StagesFor, type StreamWire } from './stream-driver.ts';
import type { StreamLimits } from './stream-limits.ts';
import type { StreamView } from './stream-view.ts';
import type { RefusalReason, TransportObserver } from './transport-event.ts';
import { TurnQueue } from './turn-queue.ts';
import { UpdateEncoder } from './update-encoder.ts';

export interface StreamRegistryParts {
  /** What streams have been given since the process began. */
  readonly served: ServedVersions;
  /** Why new streams are turned away now; undefined: they are not. */
  readonly overload: () => Overload | undefined;
  readonly source: SnapshotSource;
  readonly stages: StagesFor;
  readonly clock: Clock;
  readonly observe: TransportObserver;
  /** A number in [0, 1): the order in which a drain ends streams. */
  readonly random: () => number;
  /** True for client certificates that are not to be served any more. Absent: none is ever revoked. */
  readonly isRevoked?: (certificate: PeerCertificate) => boolean;
}

export interface StreamRegistryOptions {
  /** `control_plane.identifier` of every response. */
  readonly controlPlaneId: string;
  readonly limits: StreamLimits;
  /** True where clients must show a certificate of a trusted CA. */
  readonly verifiesClients: boolean;
  /** Absent: any client may be any node. */
  readonly identity?: IdentityRule;
  readonly admission: AdmissionOptions;
}

const REFUSALS: Readonly<Record<RefusalReason, readonly [status, string]>> = {
  rate: [status.RESOURCE_EXHAUSTED, 'too many new streams at once, try again'],
  memory: [status.RESOURCE_EXHAUSTED, 'this replica is short of memory, try another one'],
  lag: [status.RESOURCE_EXHAUSTED, 'this replica has more work than it can do, try another one'],
  max_streams: [status.RESOURCE_EXHAUSTED, 'the most streams this replica serves are open'],
  draining: [status.UNAVAILABLE, 'this replica is shutting down'],
};

const REVOKED = 'the client certificate has been revoked';

/** All open streams of the process: lets them in, drives them, and ends them when the process goes. */
export class StreamRegistry {
  readonly #parts: StreamRegistryParts;
  readonly #options: StreamRegistryOptions;
  readonly #encoder: UpdateEncoder;
  readonly #lists = new NameLists();
  readonly #queue = new TurnQueue();
  readonly #drivers = new Map<StreamDriver, PeerCertificate | undefined>();
  #admission;
  #lastId = 0;
  #draining = false;

  constructor(parts: StreamRegistryParts, options: StreamRegistryOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#encoder = new UpdateEncoder(options.controlPlaneId);
    this.#admission = initialAdmission(options.admission, parts.clock.nowMs());
  }

  /** The open streams. */
  streams(): StreamView[] {
    return [...this.#drivers.keys()].map(driver => driver.view);
  }

  /** Streams that wait for the newest snapshot to be pushed. */
  get pushQueueDepth(): number {
    return this.#queue.depth;
  }

  /** Handles a new call of a discovery method. */
  accept(call: RawCall, method: DiscoveryMethod): void {
    if (this.#draining) {
      this.#refuse(call, method, 'draining');
      return;
    }
    const overload = this.#parts.overload();
    if (overload !== undefined) {
      this.#refuse(call, method, overload);
      return;
    }
    const { state, decision } = admit(this.#admission, this.#parts.clock.nowMs(), this.#options.admission);
    this.#admission = state;
    if (decision.kind === 'refused') {
      this.#refuse(call, method, decision.reason);
      return;
    }
    onceGone(call, () => {
      this.#admission = leave(this.#admission);
    });
    if (decision.waitMs === 0) {
      this.#drive(call, method);
      return;
    }
    const turn = this.#parts.clock.after(decision.waitMs, () => {
      if (this.#draining) this.#refuse(call, method, 'draining');
      else this.#drive(call, method);
    });
    onceGone(call, () => turn[Symbol.dispose]());
  }

  /** Ends the streams of clients whose certificate has been revoked; their connections may have been open for long. */
  endRevoked(): void {
    for (const [driver, certificate] of this.#drivers) this.#endIfRevoked(driver, certificate);
  }

  /**
   * Refuses new streams from now on and ends the open ones with UNAVAILABLE in random order, evenly spread.
   * Resolves when all are gone, or `endGraceMs` after the last one was ended.
   * @param spreadMs 0 ends all at once.
   */
  async drain(spreadMs: number): Promise<void> {
    this.#draining = true;
    const drivers = shuffled([...this.#drivers.keys()], this.#parts.random);
    const [code, message] = REFUSALS.draining;
    await Promise.all(
      drivers.map(async (driver, index) => {
        await this.#pause((spreadMs * index) / drivers.length);
        driver.end('drain', code, message);
      }),
    );
    const deadlineMs = this.#parts.clock.nowMs() + this.#options.limits.endGraceMs;
    while (this.#drivers.size > 0 && this.#parts.clock.nowMs() < deadlineMs) await this.#pause(10);
  }

  #drive(call: RawCall, method: DiscoveryMethod): void {
    const { source, stages, clock, observe } = this.#parts;
    // The wire and the driver know each other; the driver exists before the first write.
    const wire: StreamWire = new GrpcWire(call, () => driver.drained());
    const { identity: rule } = this.#options;
    const raw = this.#options.verifiesClients ? call.getAuthContext().sslPeerCertificate?.raw : undefined;
    const certificate = raw === undefined ? undefined : readPeerCertificate(raw);
    const identity = rule === undefined ? {} : { identity: { rule, certificate } };
    const driver = new StreamDriver(
      {
        ...{ wire, source, stages, clock, observe, step, ...identity },
        encoder: this.#encoder,
        lists: this.#lists,
        served: this.#parts.served,
        queue: this.#queue,
        certifiedIds: certificate?.names.uris ?? [],
      },
      this.#options.limits,
      {
        id: String(++this.#lastId),
        service: method.service,
        variant: method.variant,
        typeUrl: method.typeUrl,
        peer: call.getPeer(),
        openedAtMs: clock.nowMs(),
      },
    );
    this.#drivers.set(driver, certificate);
    onceGone(call, () => {
      this.#drivers.delete(driver);
      driver.closed();
    });
    call.on('data', (message: Buffer) => driver.receive(message));
    call.on('end', () => driver.halfClosed());
    this.#endIfRevoked(driver, certificate);
  }

  #endIfRevoked(driver: StreamDriver, certificate: PeerCertificate | undefined): void {
    if (certificate !== undefined && this.#parts.isRevoked?.(certificate) === true) driver.refuse(REVOKED);
  }

  #refuse(call: RawCall, method: DiscoveryMethod, reason: RefusalReason): void {
    const [code, message] = REFUSALS[reason];
    this.#parts.observe({ kind: 'streamRefused', reason, service: method.service, peer: call.getPeer() });
    call.emit('error', { code, details: message });
  }

  #pause(ms: number): Promise<void> {
    return ms <= 0 ? Promise.resolve() : new Promise(resolve => void this.#parts.clock.after(ms, resolve));
  }
}

/** grpc-js tells the end of a call by `cancelled` or `close`, depending on who ended it. */
function onceGone(call: RawCall, run: () => void): void {
  let gone = false;
  const once = (): void => {
    if (gone) return;
    gone = true;
    run();
  };
  call.once('cancelled', once);
  call.once('close', once);
}

/** Fisher-Yates. */
function shuffled<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const pick = Math.floor(random() * (last + 1));
    const [a, b] = [items[last], items[pick]];
    if (a === undefined || b === undefined) continue;
    items[last] = b;
    items[pick] = a;
  }
  return items;
}
