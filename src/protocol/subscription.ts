import type { Resource } from '../resources/resource.ts';
import { ResourceSet } from '../resources/resource-set.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import { NO_NAMES } from './name-set.ts';
import { selectByName } from './set-algebra.ts';

/** A response that the client has neither accepted nor rejected yet. */
export interface Outstanding {
  readonly nonce: string;
  readonly versionInfo: string;
  /** What was new to the client in it. */
  readonly changed: readonly Resource[];
  /** What the client holds if it accepts. */
  readonly target: ResourceSet;
  /** It replaces or withdraws something that the client had rejected. */
  readonly cures: boolean;
}

/**
 * What one type on one stream asks for and was given.
 *
 * `wildcard`: `legacy` is the empty list in the first request, `explicit` is `*`.
 * `hold`: `waiting` while an update stands at a gate, `expired` once the gate's time is over and until the update left.
 */
export interface Subscription {
  readonly typeUrl: TypeUrl;
  readonly wildcard: 'none' | 'legacy' | 'explicit';
  /** Names asked for one by one. The same object while nothing changes. */
  readonly names: ReadonlySet<string>;
  /** What the client was last sent on this stream, accepted or not, as far as it still asks for it. */
  readonly sent: ResourceSet;
  /** What the client last accepted. Differs from `sent` while a response is on its way or was rejected. */
  readonly accepted: ResourceSet;
  /** Names (`*` among them) that must be answered even if nothing changed. */
  readonly unanswered: ReadonlySet<string>;
  readonly outstanding: readonly Outstanding[];
  readonly lastNonce: string | undefined;
  /** Names of resources whose version in `sent` the client rejected. */
  readonly rejected: ReadonlySet<string>;
  readonly hold: 'none' | 'waiting' | 'expired';
}

/** A subscription that asks for nothing yet. */
export function emptySubscription(typeUrl: TypeUrl): Subscription {
  return {
    typeUrl,
    wildcard: 'none',
    names: NO_NAMES,
    sent: ResourceSet.EMPTY,
    accepted: ResourceSet.EMPTY,
    unanswered: NO_NAMES,
    outstanding: [],
    lastNonce: undefined,
    rejected: NO_NAMES,
    hold: 'none',
  };
}

/** What of a set the subscription asks for; the set itself for a wildcard. */
export function select(
  subscription: Pick<Subscription, 'wildcard' | 'names'>,
  set: ResourceSet,
): ResourceSet {
  return subscription.wildcard === 'none' ? selectByName(set, subscription.names) : set;
}

/** `set` with the rejected resources as the client still has them: in an accepted form that is another one, or not at all. */
export function withoutRejected(
  set: ResourceSet,
  rejected: ReadonlySet<string>,
  accepted: ResourceSet,
): ResourceSet {
  if (rejected.size === 0) return set;
  const byName = new Map(set.byName);
  for (const name of rejected) {
    const before = accepted.byName.get(name);
    if (before === undefined || before.version === set.byName.get(name)?.version) byName.delete(name);
    else byName.set(name, before);
  }
  return new ResourceSet(byName);
}

/** Forgets what was sent for names that are no longer asked for, so that asking again is answered again. */
export function forgetUnsubscribed(
  before: Subscription | undefined,
  subscription: Subscription,
): Subscription {
  if (subscription.wildcard !== 'none') return subscription;
  if (before?.wildcard === 'none' && before.names === subscription.names) return subscription;
  const sent = selectByName(subscription.sent, subscription.names);
  if (sent.size === subscription.sent.size) return subscription;
  const rejected = new Set([...subscription.rejected].filter(name => sent.byName.has(name)));
  // What was at fault in a rejection may have left: the others are offered once more.
  const again = rejected.size < subscription.rejected.size ? rejected : NO_NAMES;
  return { ...subscription, sent, rejected, unanswered: subscription.unanswered.union(again) };
}
