import { resourceType } from '../resources/type-url.ts';
import type { SotwRequest } from './request.ts';
import {
  changeNames,
  emptySubscription,
  forgetUnsubscribed,
  NO_NAMES,
  sameNames,
  type Subscription,
  WILDCARD,
} from './subscription.ts';

/**
 * The subscription after a SotW request: its list of names replaces the one before. An empty list is a wildcard only
 * as long as no other list came before it on the stream (and only for the types that have one); after names it means
 * nothing at all (xDS protocol, "How the client specifies what resources to return").
 */
export function subscribeSotw(before: Subscription | undefined, request: SotwRequest): Subscription {
  const old = before ?? emptySubscription(request.typeUrl);
  const wildcard = wildcardOf(before, request);
  const listed = changeNames(NO_NAMES, request.names);
  const names = sameNames(old.names, listed) ? old.names : listed;
  const added = [...names].filter(name => !old.names.has(name));
  const newWildcard = wildcard !== 'none' && old.wildcard === 'none' ? [WILDCARD] : [];
  const open = [...old.unanswered].filter(name =>
    name === WILDCARD ? wildcard !== 'none' : names.has(name),
  );
  return forgetUnsubscribed({
    ...old,
    wildcard,
    names,
    unanswered: new Set([...open, ...newWildcard, ...added]),
  });
}

function wildcardOf(before: Subscription | undefined, request: SotwRequest): Subscription['wildcard'] {
  if (request.names.includes(WILDCARD)) return 'explicit';
  if (request.names.length > 0) return 'none';
  if (before !== undefined) return before.wildcard === 'legacy' ? 'legacy' : 'none';
  return resourceType(request.typeUrl)?.wildcardByDefault === true ? 'legacy' : 'none';
}
