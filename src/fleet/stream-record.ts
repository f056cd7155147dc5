import type { Effect } from '../protocol/effect.ts';
import type { ResourceTypeName, TypeUrl } from '../resources/type-url.ts';
import { newTypeRecord, reduceType, type TypeRecord } from './type-record.ts';

/** What is known of a stream when it belongs to a node. */
export interface ConnectedStream {
  /** Unique within the process. */
  readonly streamId: string;
  /** The service: `ads`, or the type of a per-type service. */
  readonly api: 'ads' | ResourceTypeName;
  readonly variant: 'sotw' | 'delta';
  /** `address:port` of the client. */
  readonly peer: string;
  /** Milliseconds since the epoch. */
  readonly openedAtMs: number;
}

/** One stream and what happened on it, by type. */
export interface StreamRecord extends ConnectedStream {
  /** The node group; undefined while no file matches the node. */
  group: string | undefined;
  readonly types: Map<TypeUrl, TypeRecord>;
}

export function newStreamRecord(stream: ConnectedStream): StreamRecord {
  return { ...stream, group: undefined, types: new Map() };
}

/** Applies one effect, in place: this happens for every message of every stream. Types themselves are immutable. */
export function applyToStream(record: StreamRecord, effect: Effect, atMs: number): void {
  const before = record.types.get(effect.typeUrl) ?? newTypeRecord(effect.typeUrl);
  record.types.set(effect.typeUrl, reduceType(before, effect, atMs));
}
