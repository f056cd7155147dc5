import { makeResource } from '../resources/frame.ts';
import { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import { resourceType, type TypeUrl } from '../resources/type-url.ts';
import type { Version } from '../resources/version.ts';
import type { DeltaRequest } from './request.ts';
import { changeNames, NO_NAMES, readNames, WILDCARD } from './name-set.ts';
import { emptySubscription, forgetUnsubscribed, type Subscription } from './subscription.ts';

/**
 * The subscription after a delta request. Every name that is subscribed is answered, also one that was subscribed
 * before; a name unsubscribed under a wildcard is answered too, because the client asks what of it remains
 * (xDS protocol, "Unsubscribing from Resources"). A name in both lists ends unsubscribed.
 */
export function subscribeDelta(
  before: Subscription | undefined,
  request: DeltaRequest,
  available: ResourceSet,
): Subscription {
  // An ACK, the most frequent request of all.
  if (before !== undefined && request.subscribe.length === 0 && request.unsubscribe.length === 0)
    return before;
  const old = before ?? resumedSubscription(request, available);
  const wildcard = wildcardOf(before, request);
  const names = changeNames(old.names, request.subscribe, request.unsubscribe);
  return forgetUnsubscribed(before, {
    ...old,
    wildcard,
    names,
    unanswered: openNames(before, old, wildcard, names, request),
  });
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

function resumedSubscription(request: DeltaRequest, available: ResourceSet): Subscription {
  const held = claimed(request, available);
  return { ...emptySubscription(request.typeUrl), sent: held, accepted: held };
}

/** What a reconnecting client says it has, as a set to compare with. Explicit names are answered in full all the same. */
function claimed(request: DeltaRequest, available: ResourceSet): ResourceSet {
  const resources: Resource[] = [];
  for (const [name, version] of request.initialVersions) {
    const current = available.byName.get(name);
    resources.push(current?.version === version ? current : placeholder(request.typeUrl, name, version));
  }
  return ResourceSet.of(resources);
}

/** Stands for a resource that only the client has. It is replaced or removed, never sent. */
function placeholder(typeUrl: TypeUrl, name: string, version: string): Resource {
  return { ...makeResource({ typeUrl, name, body: new Uint8Array() }), version: version as Version };
}
