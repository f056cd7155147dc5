import { ResourceSet } from '../resources/resource-set.ts';
import { resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import { type ChangedNames, NOTHING_CHANGED } from './changed-names.ts';
import { NO_NAMES } from './name-set.ts';
import { inOrder } from './order.ts';
import type { Subscription } from './subscription.ts';

/** Everything a stream remembers. Immutable. */
export interface StreamState {
  readonly variant: 'sotw' | 'delta';
  /** An aggregated stream keeps the order between its types; a stream of one type has nothing to order. */
  readonly ads: boolean;
  /** Undefined while the node waits for a file that matches it: requests are read, nothing is answered. */
  readonly snapshot: Snapshot | undefined;
  /** Stages still to come; the last one is what the group has. */
  readonly pending: readonly Snapshot[];
  /**
   * Endpoints and secrets that may be asked for: those of the snapshot, and those of earlier ones as long as the client
   * may hold, or be warming, what names them.
   */
  readonly offered: ReadonlyMap<TypeUrl, ResourceSet>;
  /** In the order of the types. */
  readonly subscriptions: ReadonlyMap<TypeUrl, Subscription>;
  /** Nonces are numbers, counted up over all types of the stream. */
  readonly lastNonce: number;
  /** What a returning client says of these is not believed. */
  readonly changed: ChangedNames;
  /** Endpoints of clusters that were sent before the client asked for any: it warms on them, whatever it says to have. */
  readonly warming: ReadonlySet<string>;
  /** The client came back with resources of an earlier stream: what uses them may not be subscribed yet. */
  readonly resumed: boolean;
}

/** The state of a stream that was just opened. */
export function initialStream(options: Pick<StreamState, 'variant' | 'ads'>): StreamState {
  return {
    ...options,
    snapshot: undefined,
    pending: [],
    offered: new Map(),
    subscriptions: new Map(),
    lastNonce: 0,
    changed: NOTHING_CHANGED,
    warming: NO_NAMES,
    resumed: false,
  };
}

/** A new subscription takes its place in the order of the types. */
export function withSubscription(state: StreamState, subscription: Subscription): StreamState {
  const { typeUrl } = subscription;
  const subscriptions = new Map(state.subscriptions).set(typeUrl, subscription);
  if (state.subscriptions.has(typeUrl)) return { ...state, subscriptions };
  const inPlace = inOrder(subscriptions.keys()).flatMap(key => subscriptions.get(key) ?? []);
  return { ...state, subscriptions: new Map(inPlace.map(entry => [entry.typeUrl, entry])) };
}

/** What the newest snapshot has of a type; nothing while there is none. */
export function currentOf(state: StreamState, typeUrl: TypeUrl): ResourceSet {
  return state.snapshot === undefined ? ResourceSet.EMPTY : resourcesOf(state.snapshot, typeUrl);
}
