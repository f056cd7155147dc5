import { status } from '@grpc/grpc-js';
import type { Clock } from '../platform/clock.ts';
import type { Effect } from '../protocol/effect.ts';
import type { StreamEvent } from '../protocol/event.ts';
import { initialStream, type StreamState } from '../protocol/stream-state.ts';
import type { Step } from '../protocol/stream.ts';
import type { NodeIdentity } from '../resources/node.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { resourceType, type TypeUrl } from '../resources/type-url.ts';
import type { SnapshotSource } from '../store/snapshot-source.ts';
import { decodeNode } from './decode-node.ts';
import { decodeRequest, type RequestRules } from './decode-request.ts';
import { IdentityCheck, type IdentityRequirement } from './identity-check.ts';
import type { NameLists } from './name-lists.ts';
import { countRequest, initialRequestRate, type RequestRate } from './request-rate.ts';
import type { ServedVersions } from './served-versions.ts';
import type { StreamLimits } from './stream-limits.ts';
import type { StreamView } from './stream-view.ts';
import type { StreamEndReason, TransportObserver } from './transport-event.ts';
import type { TurnQueue } from './turn-queue.ts';
import type { EncodedResponse, UpdateEncoder } from './update-encoder.ts';

/** The client's end of a stream. */
export interface StreamWire {
  /** False: the client reads slower than this; `drained` of the driver follows when it has caught up. */
  write(response: EncodedResponse): boolean;
  /** No more requests until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends the stream with a status once what was written is out. */
  end(code: status, message: string): void;
  /** Ends the stream at once, for a client that does not read. */
  reset(): void;
}

/**
 * The snapshots by which a node gets to a new one from the one that its stream is at (undefined: none yet); at least one, the last of
 * them is the new one in the form that the node understands.
 */
export type StagesFor = (node: NodeIdentity, from: Snapshot | undefined, to: Snapshot) => readonly Snapshot[];

export interface StreamDriverParts {
  readonly wire: StreamWire;
  readonly source: SnapshotSource;
  readonly stages: StagesFor;
  readonly clock: Clock;
  readonly encoder: UpdateEncoder;
  readonly lists: NameLists;
  readonly served: ServedVersions;
  readonly queue: TurnQueue;
  readonly observe: TransportObserver;
  /** Absent: any client may be any node. */
  readonly identity?: IdentityRequirement;
  /** URI names of the client certificate that was verified; what secrets may be granted to. */
  readonly certifiedIds: readonly string[];
  /** The protocol. */
  readonly step: (state: StreamState, event: StreamEvent) => Step;
}

/** What is known of a stream when it opens. */
export type OpenedStream = Omit<StreamView, 'node' | 'nodeGroup'> & {
  /** Undefined on ADS. */
  readonly typeUrl: TypeUrl | undefined;
};

type OwnView = { -readonly [Key in keyof StreamView]: StreamView[Key] };

/**
 * One stream: turns messages, snapshots and timers into events of the protocol, and its effects into messages.
 *
 * - The node of the first message that has one with an id counts. Where clients are identified by certificate, it must be
 *   the node of the certificate, and so must every later one; else later ones are not even decoded.
 * - While the client does not keep up, nothing is written and no request is read; of the snapshots only the newest is
 *   kept. What one event makes the protocol say is written whole: at most one response for each type.
 * - A client that sends more requests than a proxy would is read more slowly, and ended if it goes on.
 * - Nothing thrown leaves it: a defect ends this stream with INTERNAL and is reported.
 */
export class StreamDriver {
  readonly #parts: StreamDriverParts;
  readonly #limits: StreamLimits;
  readonly #rules: RequestRules;
  readonly #view: OwnView;
  readonly #holds = new Map<TypeUrl, Disposable>();
  readonly #expired = new Set<TypeUrl>();
  readonly #typeUrls = new Set<TypeUrl>();
  readonly #identity: IdentityCheck | undefined;
  #state: StreamState;
  #membership: Disposable | undefined;
  #nodeMissingTold = false;
  #newest: Snapshot | undefined;
  #queued = false;
  #requests: RequestRate;
  /** While the client sends too much, nothing is read. */
  #throttle: Disposable | undefined;
  #blocked = false;
  #stallTimer: Disposable | undefined;
  #end: { readonly reason: StreamEndReason; readonly code: number; readonly message: string } | undefined;
  #closed = false;

  constructor(parts: StreamDriverParts, limits: StreamLimits, opened: OpenedStream) {
    const { typeUrl, ...view } = opened;
    this.#parts = parts;
    this.#limits = limits;
    this.#view = { ...view, node: undefined, nodeGroup: undefined };
    this.#rules = {
      variant: opened.variant,
      impliedTypeUrl: typeUrl,
      maxNames: limits.maxNamesPerSubscription,
      maxNameBytes: limits.maxNameBytes,
      lists: parts.lists,
    };
    this.#requests = initialRequestRate(limits.requests, parts.clock.nowMs());
    this.#state = initialStream({ variant: opened.variant, ads: typeUrl === undefined });
    parts.observe({ kind: 'streamOpened', stream: this.#view });
    if (parts.identity !== undefined) {
      this.#identity = new IdentityCheck(parts.identity, parts.clock, message => this.refuse(message));
    }
  }

  get view(): StreamView {
    return this.#view;
  }

  /** One request, as it came. */
  receive(message: Uint8Array): void {
    this.#guarded(() => {
      if (!this.#countRequest()) return;
      const decoded = decodeRequest(message, this.#rules);
      if (decoded.kind === 'refused') {
        this.end(decoded.reason, decoded.code, decoded.message);
        return;
      }
      const { request, nodeBytes } = decoded;
      if (!this.#admitType(request.typeUrl)) return;
      if (this.#membership === undefined) this.#identify(nodeBytes);
      else if (this.#identity !== undefined) this.#identifyAgain(nodeBytes);
      this.#feed({ kind: 'request', request });
    });
  }

  /** The client caught up with what was written. */
  drained(): void {
    this.#guarded(() => {
      if (!this.#blocked) return;
      this.#blocked = false;
      this.#stopStallTimer();
      this.#parts.observe({ kind: 'unblocked', stream: this.#view });
      for (const typeUrl of this.#expired) {
        this.#expired.delete(typeUrl);
        this.#feed({ kind: 'holdExpired', typeUrl });
      }
      this.#takeNewest();
      // The lint rule cannot know that feeding may have blocked the stream again.
      if (!this.#isBlocked() && this.#throttle === undefined) this.#parts.wire.resume();
    });
  }

  /** The client sends no more requests: the RPC is over, successfully. */
  halfClosed(): void {
    if (this.#end === undefined) this.end('client', status.OK, '');
  }

  /** Ends the stream from this side, once; what was written is sent first if the client reads it in time. */
  end(reason: StreamEndReason, code: status, message: string): void {
    if (this.#end !== undefined || this.#closed) return;
    this.#end = { reason, code, message };
    this.#release();
    this.#parts.wire.end(code, message);
    if (reason === 'stalled') this.#parts.wire.reset();
    else this.#stallTimer = this.#parts.clock.after(this.#limits.endGraceMs, () => this.#parts.wire.reset());
  }

  /** Ends the stream because its client is not who it must be. */
  refuse(message: string, claimed?: NodeIdentity): void {
    if (this.#end !== undefined || this.#closed) return;
    const claim = claimed === undefined ? {} : { claimed: { id: claimed.id, cluster: claimed.cluster } };
    this.#parts.observe({ kind: 'identityRefused', stream: this.#view, message, ...claim });
    this.end('identity', status.PERMISSION_DENIED, message);
  }

  /** The transport is done with the stream, whoever ended it. Idempotent. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
    const { reason, code, message } = this.#end ?? { reason: 'client', code: status.OK, message: '' };
    const atMs = this.#parts.clock.nowMs();
    this.#parts.observe({ kind: 'streamClosed', stream: this.#view, reason, code, message, atMs });
  }

  /** False: the client has sent too much for too long, and the stream has ended. */
  #countRequest(): boolean {
    const { clock, wire } = this.#parts;
    const { state, decision } = countRequest(this.#requests, clock.nowMs(), this.#limits.requests);
    this.#requests = state;
    if (decision.kind === 'end') {
      this.end('limit', status.RESOURCE_EXHAUSTED, 'too many requests on one stream');
      return false;
    }
    if (decision.kind === 'pause' && this.#throttle === undefined) {
      wire.pause();
      this.#throttle = clock.after(decision.ms, () => {
        this.#throttle = undefined;
        if (!this.#blocked) wire.resume();
      });
    }
    return true;
  }

  #identify(nodeBytes: Uint8Array | undefined): void {
    const claimed = nodeBytes === undefined ? undefined : this.#decodeNode(nodeBytes);
    if (this.#end !== undefined) return;
    const { certifiedIds: spiffeIds } = this.#parts;
    const node = claimed === undefined || spiffeIds.length === 0 ? claimed : { ...claimed, spiffeIds };
    if (node === undefined || node.id === '') {
      if (!this.#nodeMissingTold) this.#parts.observe({ kind: 'nodeMissing', stream: this.#view });
      this.#nodeMissingTold = true;
      return;
    }
    const problem = this.#identity?.problemOf(node);
    if (problem !== undefined) {
      this.refuse(problem, node);
      return;
    }
    this.#view.node = node;
    this.#parts.observe({ kind: 'nodeIdentified', stream: this.#view });
    const membership = this.#parts.source.join(node, snapshot => this.#onSnapshot(snapshot));
    this.#membership = membership;
    this.#takeNewest();
  }

  /** A later message must not claim to be somebody else; one without a node claims nothing. */
  #identifyAgain(nodeBytes: Uint8Array | undefined): void {
    const node = nodeBytes === undefined ? undefined : this.#decodeNode(nodeBytes);
    if (node === undefined) return;
    const { node: first } = this.#view;
    if (node.id === first?.id && node.cluster === first.cluster) return;
    this.refuse('a later message claims another node.id or node.cluster', node);
  }

  #decodeNode(nodeBytes: Uint8Array): NodeIdentity | undefined {
    try {
      const node = decodeNode(nodeBytes);
      if (Buffer.byteLength(node.id) <= this.#limits.maxNameBytes) return node;
      this.end('limit', status.RESOURCE_EXHAUSTED, 'the node id is too long');
    } catch {
      this.end('garbage', status.INVALID_ARGUMENT, 'the node is not a valid message');
    }
    return undefined;
  }

  #admitType(typeUrl: TypeUrl): boolean {
    if (this.#typeUrls.has(typeUrl)) return true;
    if (this.#typeUrls.size >= this.#limits.maxTypesPerStream) {
      const message = `more than ${this.#limits.maxTypesPerStream} types on one stream`;
      this.end('limit', status.RESOURCE_EXHAUSTED, message);
      return false;
    }
    this.#typeUrls.add(typeUrl);
    if (resourceType(typeUrl) === undefined) {
      this.#parts.observe({ kind: 'unknownType', stream: this.#view, typeUrl });
    }
    return true;
  }

  #onSnapshot(snapshot: Snapshot): void {
    if (this.#end !== undefined || this.#closed) return;
    this.#newest = snapshot;
    // While `join` runs, the request that caused it follows; it takes the snapshot along.
    if (this.#membership === undefined || this.#queued || this.#blocked) return;
    this.#queued = true;
    this.#parts.queue.add(() => {
      this.#queued = false;
      this.#guarded(() => {
        if (!this.#blocked) this.#takeNewest();
      });
    });
  }

  #takeNewest(): void {
    const snapshot = this.#newest;
    if (snapshot === undefined || this.#blocked) return;
    this.#newest = undefined;
    this.#view.nodeGroup = snapshot.nodeGroup;
    const atMs = this.#parts.clock.nowMs();
    this.#parts.observe({ kind: 'snapshotTaken', stream: this.#view, snapshot, atMs });
    const { node } = this.#view;
    const stages = node === undefined ? [] : this.#parts.stages(node, this.#state.snapshot, snapshot);
    const [first = snapshot, ...then] = stages;
    const changed = this.#parts.served.take(stages.length === 0 ? [snapshot] : stages);
    this.#feed({ kind: 'snapshot', snapshot: first, then, changed });
  }

  #feed(event: StreamEvent): void {
    if (this.#end !== undefined) return;
    const { state, effects } = this.#parts.step(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#apply(effect);
  }

  #apply(effect: Effect): void {
    // A limit that an earlier effect of the same step broke has ended the stream.
    if (this.#end !== undefined) return;
    const { encoder, wire, observe, clock } = this.#parts;
    let bytes = 0;
    let cached = false;
    if (effect.kind === 'send') {
      cached = encoder.has(effect.update);
      const response = encoder.encode(effect.update, effect.nonce);
      bytes = response.byteLength;
      if (!wire.write(response)) this.#block();
    }
    observe({ kind: 'effect', stream: this.#view, effect, atMs: clock.nowMs(), bytes, cached });
    if (effect.kind === 'holdStarted') this.#startHold(effect.typeUrl);
    else if (effect.kind === 'holdEnded') this.#stopHold(effect.typeUrl);
    else if (effect.kind === 'subscribed' && effect.names > this.#limits.maxNamesPerSubscription) {
      const message = `more than ${this.#limits.maxNamesPerSubscription} names in one subscription`;
      this.end('limit', status.RESOURCE_EXHAUSTED, message);
    }
  }

  #startHold(typeUrl: TypeUrl): void {
    this.#stopHold(typeUrl);
    const timer = this.#parts.clock.after(this.#limits.gateTimeoutMs, () => {
      this.#holds.delete(typeUrl);
      if (this.#blocked) this.#expired.add(typeUrl);
      else this.#guarded(() => this.#feed({ kind: 'holdExpired', typeUrl }));
    });
    this.#holds.set(typeUrl, timer);
  }

  #stopHold(typeUrl: TypeUrl): void {
    this.#expired.delete(typeUrl);
    this.#holds.get(typeUrl)?.[Symbol.dispose]();
    this.#holds.delete(typeUrl);
  }

  #block(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    this.#parts.wire.pause();
    this.#parts.observe({ kind: 'blocked', stream: this.#view });
    const { writeStallTimeoutMs } = this.#limits;
    this.#stallTimer = this.#parts.clock.after(writeStallTimeoutMs, () => {
      this.end('stalled', status.UNAVAILABLE, `nothing was read for ${writeStallTimeoutMs / 1000} s`);
    });
  }

  #isBlocked(): boolean {
    return this.#blocked;
  }

  #stopStallTimer(): void {
    this.#stallTimer?.[Symbol.dispose]();
    this.#stallTimer = undefined;
  }

  /** Lets go of everything outside: timers, the store, the snapshot. */
  #release(): void {
    this.#stopStallTimer();
    this.#throttle?.[Symbol.dispose]();
    this.#identity?.[Symbol.dispose]();
    for (const timer of this.#holds.values()) timer[Symbol.dispose]();
    this.#holds.clear();
    this.#expired.clear();
    this.#membership?.[Symbol.dispose]();
    this.#newest = undefined;
  }

  #guarded(run: () => void): void {
    if (this.#end !== undefined || this.#closed) return;
    try {
      run();
    } catch (error) {
      this.#parts.observe({ kind: 'defect', stream: this.#view, error });
      this.end('defect', status.INTERNAL, 'internal error');
    }
  }
}
