import type { ResourceSet } from '../resources/resource-set.ts';
import { resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import { ENDPOINTS, SECRET, type TypeUrl } from '../resources/type-url.ts';
import { removalHold } from './gate.ts';
import { unionKeeping } from './set-algebra.ts';
import { currentOf, type StreamState } from './stream-state.ts';

/** Asked for by name by what was sent before; a cluster that warms on them is not acknowledged without them. */
const KEPT_ON_OFFER: readonly TypeUrl[] = [ENDPOINTS, SECRET];

/** Takes a new snapshot. What only earlier ones had stays on offer until `releaseOffers`. */
export function offerSnapshot(state: StreamState, snapshot: Snapshot): StreamState {
  const offered = new Map<TypeUrl, ResourceSet>();
  for (const typeUrl of KEPT_ON_OFFER) {
    offered.set(typeUrl, unionKeeping(offerOf(state, typeUrl), resourcesOf(snapshot, typeUrl)));
  }
  return { ...state, snapshot, offered };
}

/** Withdraws what nothing that the client holds can name any more. */
export function releaseOffers(state: StreamState): StreamState {
  const { snapshot } = state;
  if (snapshot === undefined) return state;
  const stale = KEPT_ON_OFFER.filter(
    typeUrl =>
      offerOf(state, typeUrl) !== resourcesOf(snapshot, typeUrl) && removalHold(state, typeUrl) === 'none',
  );
  if (stale.length === 0) return state;
  const offered = new Map(state.offered);
  for (const typeUrl of stale) offered.set(typeUrl, resourcesOf(snapshot, typeUrl));
  return { ...state, offered };
}

/** What a subscription of the type may be given. */
export function offerOf(state: StreamState, typeUrl: TypeUrl): ResourceSet {
  return state.offered.get(typeUrl) ?? currentOf(state, typeUrl);
}
