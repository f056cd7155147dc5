import type { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import { resourceType } from '../resources/type-url.ts';
import type { Effect } from './effect.ts';
import type { StreamRequest } from './request.ts';
import { NO_NAMES } from './name-set.ts';
import { type Outstanding, type Subscription, withoutRejected } from './subscription.ts';

/** What a request says about earlier responses. */
export interface Acknowledgement {
  readonly subscription: Subscription | undefined;
  readonly effects: readonly Effect[];
  /** The rest of the request must not be read: the client wrote it before it saw the newest response. */
  readonly ignore: boolean;
}

/**
 * Reads nonce and error of a request.
 *
 * SotW: an outdated nonce makes the whole request void; the client repeats its names in the answer to the newest
 * response. An empty nonce is outdated while a response is on its way, else it is a client that subscribes anew.
 * Delta: an outdated nonce says nothing about the newest response, but the changes to the subscription hold: Envoy
 * writes each of them once only, joined to its next ACK (xDS protocol, "Incremental xDS").
 */
export function readAcknowledgement(
  before: Subscription | undefined,
  request: StreamRequest,
): Acknowledgement {
  // Before the first response a nonce can only stem from an earlier stream.
  if (before?.lastNonce === undefined) return { subscription: before, effects: [], ignore: false };

  const index = before.outstanding.findIndex(entry => entry.nonce === request.nonce);
  const entry = before.outstanding[index];
  const newest = request.nonce === before.lastNonce;
  if (entry !== undefined) {
    const rest = before.outstanding.slice(index + 1);
    const ignore = request.variant === 'sotw' && !newest;
    return { ...settle({ ...before, outstanding: rest }, entry, request), ignore };
  }
  if (newest) return { subscription: before, effects: [], ignore: false };
  if (request.nonce === '') {
    const ignore = request.variant === 'sotw' && before.outstanding.length > 0;
    return { subscription: before, effects: ignore ? [stale(request)] : [], ignore };
  }
  return { subscription: before, effects: [stale(request)], ignore: request.variant === 'sotw' };
}

function stale(request: StreamRequest): Effect {
  return { kind: 'stale', typeUrl: request.typeUrl, nonce: request.nonce };
}

function settle(
  subscription: Subscription,
  entry: Outstanding,
  request: StreamRequest,
): Pick<Acknowledgement, 'subscription' | 'effects'> {
  const { nonce, versionInfo, changed } = entry;
  const { typeUrl, rejection } = request;
  if (rejection === undefined) {
    const rejected = rejectedAfterAck(subscription, entry, request);
    const accepted = withoutRejected(entry.target, rejected, subscription.accepted);
    // A rejection does not say which resource was at fault. Once one is cured, the others are offered once more.
    const again = entry.cures ? rejected : NO_NAMES;
    const unanswered = again.size === 0 ? subscription.unanswered : subscription.unanswered.union(again);
    return {
      subscription: { ...subscription, rejected, accepted, unanswered },
      effects: [{ kind: 'acked', typeUrl, nonce, versionInfo }],
    };
  }
  // Only what the client still has in this very version counts: it may have been replaced or unsubscribed since.
  const rejected = namesOfSame(subscription.sent, changed);
  const replaced = rejected.size < changed.length;
  // What was at fault may be gone by unsubscription: then no response follows that could clear the others.
  const again = replaced && subscription.outstanding.length === 0 ? rejected : NO_NAMES;
  return {
    subscription: {
      ...subscription,
      outstanding: afterRejection(subscription, changed, replaced, request),
      rejected: subscription.rejected.union(rejected),
      unanswered: again.size === 0 ? subscription.unanswered : subscription.unanswered.union(again),
    },
    effects: [{ kind: 'nacked', typeUrl, nonce, versionInfo, rejection, resources: changed }],
  };
}

/** Those of the resources that a set has in the same version. */
function namesOfSame(set: ResourceSet, resources: readonly Resource[]): ReadonlySet<string> {
  const same = resources.filter(resource => set.byName.get(resource.name)?.version === resource.version);
  return new Set(same.map(resource => resource.name));
}

/**
 * The responses that were on their way when one was rejected. Accepting them does not accept what only the rejected one
 * brought, unless they bring the whole state again; where one of them has replaced some of it, it is a cure.
 */
function afterRejection(
  subscription: Subscription,
  changed: readonly Resource[],
  replaced: boolean,
  request: StreamRequest,
): readonly Outstanding[] {
  const whole = isWholeState(request);
  return subscription.outstanding.map(later => ({
    ...later,
    cures: later.cures || replaced,
    target: whole
      ? later.target
      : withoutRejected(later.target, namesOfSame(later.target, changed), subscription.accepted),
  }));
}

function isWholeState(request: StreamRequest): boolean {
  return request.variant === 'sotw' && resourceType(request.typeUrl)?.fullState === true;
}

/** A SotW ACK of a full-state type accepts everything; any other accepts what its response brought. */
function rejectedAfterAck(
  subscription: Subscription,
  entry: Outstanding,
  request: StreamRequest,
): ReadonlySet<string> {
  if (subscription.rejected.size === 0) return subscription.rejected;
  if (isWholeState(request)) return NO_NAMES;
  const accepted = new Set(entry.changed.map(resource => resource.name));
  return subscription.rejected.difference(accepted);
}
