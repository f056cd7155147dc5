import { resourceType } from '../resources/type-url.ts';
import type { DeltaRequest } from './request.ts';
import { changeNames, NO_NAMES, readNames, WILDCARD } from './name-set.ts';
import { type DeltaOffer, heldBefore, notHeld } from './returning-client.ts';
import { emptySubscription, forgetUnsubscribed, select, type Subscription } from './subscription.ts';

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
