import { ResourceSet } from '../resources/resource-set.ts';
import { resourceType } from '../resources/type-url.ts';
import type { DeltaRequest } from './request.ts';
import { changeNames, NO_NAMES, readNames, WILDCARD } from './name-set.ts';
import { placeholder } from './placeholder.ts';
import { memoizePair } from './set-algebra.ts';
import { emptySubscription, forgetUnsubscribed, select, type Subscription } from './subscription.ts';

/** What a subscription may be given. */
export interface DeltaOffer {
  readonly available: ResourceSet;
  /** Names that are sent even if the client says to have them (see `ChangedNames`). */
  readonly doubtful: ReadonlySet<string>;
}

/**
 * The subscription after a delta request. Every name that is subscribed is answered, also one that was subscribed
 * before, but not what a returning client has already; a name unsubscribed under a wildcard is answered too, because the client asks what of it remains
 * (xDS protocol, "Unsubscribing from Resources"). A name in both lists ends unsubscribed.
 */
export function subscribeDelta(
  before: Subscription | undefined,
  request: DeltaRequest,
  offer: DeltaOffer,
): Subscription {
  // An ACK, the most frequent request of all.
  if (before !== undefined && request.subscribe.length === 0 && request.unsubscribe.length === 0)
    return before;
  const wildcard = wildcardOf(before, request);
  const names = changeNames(before?.names ?? NO_NAMES, request.subscribe, request.unsubscribe);
  if (before === undefined) {
    const held = heldBefore(
      request,
      offer,
      select({ wildcard, names }, offer.available),
      wildcard !== 'none',
    );
    const old = { ...emptySubscription(request.typeUrl), sent: held, accepted: held };
    const open = openNames(before, old, wildcard, names, request);
    const unanswered = notHeld(open, held, offer.available);
    return forgetUnsubscribed(before, { ...old, wildcard, names, unanswered });
  }
  const unanswered = openNames(before, before, wildcard, names, request);
  return forgetUnsubscribed(before, { ...before, wildcard, names, unanswered });
}

function wildcardOf(before: Subscription | undefined, request: DeltaRequest): Subscription['wildcard'] {
  if (request.unsubscribe.includes(WILDCARD)) return 'none';
  if (request.subscribe.includes(WILDCARD)) return 'explicit';
  if (before !== undefined) return before.wildcard;
  const byDefault = resourceType(request.typeUrl)?.wildcardByDefault === true;
  return request.subscribe.length === 0 && byDefault ? 'legacy' : 'none';
}

function openNames(
  before: Subscription | undefined,
  old: Subscription,
  wildcard: Subscription['wildcard'],
  names: ReadonlySet<string>,
  request: DeltaRequest,
): ReadonlySet<string> {
  // The usual case, with one object for all streams that ask for the same.
  if (wildcard === 'none' && old.unanswered.size === 0 && request.unsubscribe.length === 0) {
    return readNames(request.subscribe, NO_NAMES).names;
  }
  const open = new Set<string>();
  for (const name of old.unanswered) {
    if (name === WILDCARD ? wildcard !== 'none' : names.has(name) || wildcard !== 'none') open.add(name);
  }
  for (const name of request.subscribe) {
    if (name !== WILDCARD && names.has(name)) open.add(name);
  }
  if (wildcard !== 'none') addOpenInWildcard(open, before, old, request);
  return open.size === 0 ? NO_NAMES : open;
}

/** Under a wildcard: the first one, one that is asked for again, and names that remain in it. */
function addOpenInWildcard(
  open: Set<string>,
  before: Subscription | undefined,
  old: Subscription,
  request: DeltaRequest,
): void {
  if (before === undefined || before.wildcard === 'none') open.add(WILDCARD);
  else if (request.subscribe.includes(WILDCARD)) for (const name of old.sent.byName.keys()) open.add(name);
  for (const name of request.unsubscribe) if (old.names.has(name)) open.add(name);
}

/**
 * What a client has of an earlier stream, as a set to compare with; the object of `wanted` when that is what it has. What is in doubt is taken to be
 * another version, so that it is sent again. Under a wildcard the client may also have what it does not tell of, because it rejected the response that
 * brought it: what is gone of that is removed.
 */
function heldBefore(
  request: DeltaRequest,
  { available, doubtful }: DeltaOffer,
  wanted: ResourceSet,
  isWildcard: boolean,
): ResourceSet {
  const { initialVersions } = request;
  const gone = isWildcard && doubtful.size > 0 ? goneOf(doubtful, available) : ResourceSet.EMPTY;
  if (initialVersions.size === 0) return gone;
  const isBelieved = (name: string, version: string, set: ResourceSet): boolean =>
    set.byName.get(name)?.version === version && !doubtful.has(name);
  const claims = [...initialVersions];
  const hasAll = gone.size === 0 && claims.length === wanted.size;
  if (hasAll && claims.every(([name, version]) => isBelieved(name, version, wanted))) return wanted;
  const held = claims.map(([name, version]) => {
    const current = available.byName.get(name);
    if (current !== undefined && isBelieved(name, version, available)) return current;
    return placeholder(name, version === current?.version ? '' : version);
  });
  return ResourceSet.of([...gone.byName.values(), ...held]);
}

/** Names that are in doubt and not there (any more). One object for all streams. */
const goneOf = memoizePair((doubtful: ReadonlySet<string>, available: ResourceSet): ResourceSet => {
  const names = [...doubtful].filter(name => !available.byName.has(name));
  return ResourceSet.of(names.map(name => placeholder(name, '')));
});

/** Names that the client does not have as they are now; `names` itself when it has none of them. */
function notHeld(names: ReadonlySet<string>, held: ResourceSet, available: ResourceSet): ReadonlySet<string> {
  if (held.size === 0 || names.size === 0) return names;
  const open = [...names].filter(name => {
    const [resource, current] = [held.find(name), available.find(name)];
    // What is gone is removed when nothing needs it any more.
    return resource === undefined || (current !== undefined && resource !== current);
  });
  if (open.length === names.size) return names;
  return open.length === 0 ? NO_NAMES : new Set(open);
}
