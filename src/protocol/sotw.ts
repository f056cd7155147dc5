import type { ResourceSet } from '../resources/resource-set.ts';
import { resourceType, ROUTE } from '../resources/type-url.ts';
import type { SotwRequest } from './request.ts';
import { readNames, WILDCARD, withNames } from './name-set.ts';
import { emptySubscription, forgetUnsubscribed, type Subscription } from './subscription.ts';

/**
 * The subscription after a SotW request: its list of names replaces the one before. An empty list is a wildcard only
 * as long as no other list came before it on the stream (and only for the types that have one); after names it means
 * nothing at all (xDS protocol, "How the client specifies what resources to return").
 * @param believable what there is of the type, where a client that says it has this version is believed; undefined: none is.
 */
export function subscribeSotw(
  before: Subscription | undefined,
  request: SotwRequest,
  believable: ResourceSet | undefined,
): Subscription {
  const old = before ?? emptySubscription(request.typeUrl);
  const { names, hasWildcard } = readNames(request.names, old.names);
  const wildcard = hasWildcard ? 'explicit' : wildcardWithout(before, request);
  if (before?.names === names && before.wildcard === wildcard) return before;
  if (
    before === undefined &&
    wildcard !== 'none' &&
    names.size === 0 &&
    request.version === believable?.version
  ) {
    return { ...old, wildcard, sent: believable, accepted: believable };
  }
  const added = old.names.size === 0 ? names : names.difference(old.names);
  // Envoy drops a route configuration and asks for it anew within one change of its scopes (SRDS). The list does not tell.
  const again = added.size > 0 && request.typeUrl === ROUTE ? names : added;
  const open = [...old.unanswered].filter(name =>
    name === WILDCARD ? wildcard !== 'none' : names.has(name),
  );
  const first = wildcard !== 'none' && old.wildcard === 'none' ? [WILDCARD] : [];
  return forgetUnsubscribed(before, {
    ...old,
    wildcard,
    names,
    unanswered: withNames(again, [...open, ...first]),
  });
}

/** The wildcard of a list that does not name it. */
function wildcardWithout(before: Subscription | undefined, request: SotwRequest): Subscription['wildcard'] {
  if (request.names.length > 0) return 'none';
  if (before !== undefined) return before.wildcard === 'legacy' ? 'legacy' : 'none';
  return resourceType(request.typeUrl)?.wildcardByDefault === true ? 'legacy' : 'none';
}
