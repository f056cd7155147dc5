import type { NodeIdentity } from '../resources/node.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { StreamRecord } from './stream-record.ts';
import { type SyncState, syncStateOf, type TypeRecord } from './type-record.ts';

/** A node with all its streams. Many clients may share one node id, so its state is that of its streams together. */
export interface NodeView {
  readonly node: NodeIdentity;
  /** The node group; undefined while no file matches the node. */
  readonly group: string | undefined;
  /** The worst of its types; `waiting` without any. */
  readonly state: SyncState;
  /** Open streams. Empty for a node that is gone. */
  readonly streams: readonly StreamRecord[];
  /** By type: of the open streams, or, for a node that is gone, as it left. */
  readonly types: readonly NodeTypeView[];
  /** Milliseconds since the epoch; undefined while it is connected. */
  readonly disconnectedAtMs: number | undefined;
}

/** One type of a node: the record of the stream that is worst off, and how many there are in each state. */
export interface NodeTypeView {
  readonly typeUrl: TypeUrl;
  readonly state: SyncState;
  readonly record: TypeRecord;
  readonly streams: Readonly<Record<SyncState, number>>;
}

const BADNESS: Readonly<Record<SyncState, number>> = { nacked: 3, pending: 2, waiting: 1, synced: 0 };

/** True when `a` needs more attention than `b`. */
function isWorse(a: SyncState, b: SyncState): boolean {
  return BADNESS[a] > BADNESS[b];
}

/** Joins the records of the same type. */
export function joinTypes(records: Iterable<TypeRecord>): NodeTypeView[] {
  const byType = new Map<TypeUrl, NodeTypeView>();
  for (const record of records) {
    const state = syncStateOf(record);
    const before = byType.get(record.typeUrl);
    const none = { waiting: 0, pending: 0, synced: 0, nacked: 0 };
    const streams = before?.streams ?? none;
    const worst = before === undefined || isWorse(state, before.state) ? { state, record } : before;
    byType.set(record.typeUrl, {
      typeUrl: record.typeUrl,
      state: worst.state,
      record: worst.record,
      streams: { ...streams, [state]: streams[state] + 1 },
    });
  }
  return [...byType.values()];
}

/** The worst state of several types. */
export function worstOf(types: readonly NodeTypeView[]): SyncState {
  let worst: SyncState | undefined;
  for (const { state } of types) if (worst === undefined || isWorse(state, worst)) worst = state;
  return worst ?? 'waiting';
}
