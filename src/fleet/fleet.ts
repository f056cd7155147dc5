import type { Clock } from '../platform/clock.ts';
import type { Effect } from '../protocol/effect.ts';
import type { NodeIdentity } from '../resources/node.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import { joinTypes, type NodeView, worstOf } from './node-view.ts';
import { applyToStream, type ConnectedStream, newStreamRecord, type StreamRecord } from './stream-record.ts';
import { type Rejected, type SyncState, syncStateOf, type TypeRecord } from './type-record.ts';

export interface FleetOptions {
  /** How long a node that left is remembered. */
  readonly keepDisconnectedMs: number;
  /** Nodes that left, remembered at most. */
  readonly maxDisconnected: number;
  /** Rejections remembered, those that still stand included. */
  readonly maxRejections: number;
}

const DEFAULT_FLEET_OPTIONS: FleetOptions = {
  keepDisconnectedMs: 3_600_000,
  maxDisconnected: 10_000,
  maxRejections: 1_000,
};

/** A rejection with the node that sent it. */
export interface NodeRejection extends Rejected {
  readonly nodeId: string;
  readonly group: string | undefined;
  readonly streamId: string;
  /** True while nothing that repairs it was accepted on that stream. */
  readonly stands: boolean;
}

/** How many streams use a type, by group and state: bounded, fit for a gauge. */
export interface ClientCount {
  readonly typeUrl: TypeUrl;
  readonly group: string | undefined;
  readonly state: SyncState;
  readonly count: number;
}

interface NodeRecord {
  node: NodeIdentity;
  group: string | undefined;
  readonly streamIds: Set<string>;
  /** As the last streams left it. */
  lastTypes: ReadonlyMap<TypeUrl, TypeRecord>;
  disconnectedAtMs: number | undefined;
}

/**
 * Every node, its streams, and what was sent, accepted and rejected on them. Fed from the effects of the streams;
 * read by the admin API, metrics and CSDS. Unknown stream ids are passed over: a stream without a node is nobody's.
 */
export class Fleet {
  readonly #clock: Clock;
  readonly #options: FleetOptions;
  readonly #streams = new Map<string, StreamRecord>();
  readonly #nodeOfStream = new Map<string, string>();
  readonly #nodes = new Map<string, NodeRecord>();
  /** Nodes without streams, the one that left first in front. */
  readonly #gone = new Set<string>();
  /** Oldest first. */
  #rejections: Omit<NodeRejection, 'stands'>[] = [];

  constructor(parts: { readonly clock: Clock }, options: Partial<FleetOptions> = {}) {
    this.#clock = parts.clock;
    this.#options = { ...DEFAULT_FLEET_OPTIONS, ...options };
  }

  /** A stream said which node it is of. */
  connected(stream: ConnectedStream, node: NodeIdentity): void {
    let record = this.#nodes.get(node.id);
    if (record === undefined) {
      record = {
        node,
        group: undefined,
        streamIds: new Set(),
        lastTypes: new Map(),
        disconnectedAtMs: undefined,
      };
      this.#nodes.set(node.id, record);
    }
    record.node = node;
    record.disconnectedAtMs = undefined;
    record.streamIds.add(stream.streamId);
    this.#gone.delete(node.id);
    this.#streams.set(stream.streamId, newStreamRecord(stream));
    this.#nodeOfStream.set(stream.streamId, node.id);
  }

  /** A stream works with a snapshot of this group from now on. */
  assigned(streamId: string, group: string): void {
    const stream = this.#streams.get(streamId);
    const record = this.#recordOf(streamId);
    if (stream === undefined || record === undefined) return;
    record.group = group;
    stream.group = group;
  }

  /** Something happened on a stream. */
  observe(streamId: string, effect: Effect, atMs: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    applyToStream(stream, effect, atMs);
    if (effect.kind === 'nacked') this.#remember(stream, effect.typeUrl);
  }

  /** A stream ended. */
  disconnected(streamId: string, atMs: number): void {
    const stream = this.#streams.get(streamId);
    const record = this.#recordOf(streamId);
    this.#streams.delete(streamId);
    this.#nodeOfStream.delete(streamId);
    if (stream === undefined || record === undefined) return;
    record.streamIds.delete(streamId);
    record.lastTypes = new Map([...record.lastTypes, ...stream.types]);
    if (record.streamIds.size > 0) return;
    record.disconnectedAtMs = atMs;
    this.#gone.add(record.node.id);
    this.#forget();
  }

  /** All nodes, by id. */
  nodes(): readonly NodeView[] {
    this.#forget();
    return [...this.#nodes.values()]
      .map(record => this.#view(record))
      .sort((a, b) => (a.node.id < b.node.id ? -1 : 1));
  }

  /** Ids of the nodes that have a stream. */
  connectedIds(): readonly string[] {
    return [...this.#nodes.values()].flatMap(({ node, streamIds }) => (streamIds.size > 0 ? [node.id] : []));
  }

  /** Undefined when it never connected, or left longer ago than is remembered. */
  node(id: string): NodeView | undefined {
    this.#forget();
    const record = this.#nodes.get(id);
    return record === undefined ? undefined : this.#view(record);
  }

  /** Rejections, newest first. */
  nacks(): readonly NodeRejection[] {
    return this.#rejections.map(rejection => ({ ...rejection, stands: this.#stands(rejection) })).reverse();
  }

  /** Open streams by type, group and state. */
  clients(): readonly ClientCount[] {
    const counts = new Map<string, ClientCount>();
    for (const stream of this.#streams.values()) {
      for (const type of stream.types.values()) {
        const state = syncStateOf(type);
        const key = `${type.typeUrl} ${state} ${stream.group ?? ''}`;
        const count = (counts.get(key)?.count ?? 0) + 1;
        counts.set(key, { typeUrl: type.typeUrl, group: stream.group, state, count });
      }
    }
    return [...counts.values()];
  }

  #recordOf(streamId: string): NodeRecord | undefined {
    const nodeId = this.#nodeOfStream.get(streamId);
    return nodeId === undefined ? undefined : this.#nodes.get(nodeId);
  }

  #remember(stream: StreamRecord, typeUrl: TypeUrl): void {
    const rejected = stream.types.get(typeUrl)?.rejected;
    const nodeId = this.#nodeOfStream.get(stream.streamId);
    if (rejected === undefined || nodeId === undefined) return;
    this.#rejections.push({ ...rejected, nodeId, group: stream.group, streamId: stream.streamId });
    // Cut in strides, so that a fleet that rejects does not copy the list each time.
    const { maxRejections } = this.#options;
    if (this.#rejections.length >= 2 * maxRejections)
      this.#rejections = this.#rejections.slice(-maxRejections);
  }

  #stands(rejection: Omit<NodeRejection, 'stands'>): boolean {
    const current = this.#streams.get(rejection.streamId)?.types.get(rejection.typeUrl)?.rejected;
    return current?.nonce === rejection.nonce;
  }

  #view(record: NodeRecord): NodeView {
    const streams = [...record.streamIds].flatMap(id => this.#streams.get(id) ?? []);
    const live = streams.flatMap(stream => [...stream.types.values()]);
    const types = joinTypes(streams.length > 0 ? live : record.lastTypes.values());
    const { node, group, disconnectedAtMs } = record;
    return { node, group, state: worstOf(types), streams, types, disconnectedAtMs };
  }

  /** Drops nodes that left too long ago, or that are too many. */
  #forget(): void {
    const oldestMs = this.#clock.nowMs() - this.#options.keepDisconnectedMs;
    for (const id of this.#gone) {
      const leftAtMs = this.#nodes.get(id)?.disconnectedAtMs ?? 0;
      if (leftAtMs >= oldestMs && this.#gone.size <= this.#options.maxDisconnected) break;
      this.#gone.delete(id);
      this.#nodes.delete(id);
    }
  }
}
