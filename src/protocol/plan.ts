import type { ResourceSet } from '../resources/resource-set.ts';
import { gateOf, type Gate, removalHold, removesSilently, wantedBy } from './gate.ts';
import { offerOf } from './offer.ts';
import { answerFor, difference, unionKeeping, withResources } from './set-algebra.ts';
import { currentOf, type StreamState } from './stream-state.ts';
import { WILDCARD } from './name-set.ts';
import { select, type Subscription, withoutRejected } from './subscription.ts';

const MAX_IN_FLIGHT = 4;

/** What to do about one subscription now. */
export interface Plan {
  /** Undefined: nothing may or need be sent. */
  readonly send: Delivery | undefined;
  /** An update has to wait: `timed` until the hold expires at the latest, `untimed` until something changes. */
  readonly wait: 'no' | 'timed' | 'untimed';
}

/** What the client holds afterwards, and the names that are answered whether they changed or not. */
export interface Delivery {
  readonly target: ResourceSet;
  readonly answered: ReadonlySet<string>;
}

/** The client has what it asks for, and nothing else is on offer for it: the usual case, in which a plan would be to do nothing. */
export function isAtRest(state: StreamState, subscription: Subscription): boolean {
  const { typeUrl, sent, unanswered, hold } = subscription;
  return (
    sent === wantedBy(state, subscription) &&
    unanswered.size === 0 &&
    hold === 'none' &&
    offerOf(state, typeUrl) === currentOf(state, typeUrl)
  );
}

/**
 * Decides for one subscription, looking at nothing but the state.
 *
 * The goal is what the snapshot has for the subscription, plus what may not be removed yet. It is reached at once, or
 * it waits at a gate or for the ACK of the response before. Names never answered wait at a gate as well, but not for a
 * rejection (the client would wait for ever) and, in delta, not for an ACK (Envoy withholds the one of CDS).
 */
export function plan(state: StreamState, subscription: Subscription): Plan {
  const wanted = wantedBy(state, subscription);
  const removal = removalHold(state, subscription.typeUrl);
  const goal = removal === 'none' ? wanted : keeping(state, subscription);
  const pending = isPending(state, subscription, goal);
  const open = subscription.unanswered.size > 0;
  const resuming = removal === 'resuming' && difference(subscription.sent, wanted).removed.length > 0;
  if (!pending && !open) return { send: undefined, wait: resuming ? 'timed' : 'no' };

  const gate = gateOf(state, subscription.typeUrl, difference(subscription.sent, goal).changed);
  const answer = answerOnly(state, subscription, goal, gate);
  if (gate === 'rejected') return { send: answer, wait: pending ? 'untimed' : 'no' };
  const expired = subscription.hold === 'expired';
  if (!expired && (gate === 'waiting' || isBusy(state, subscription))) {
    return { send: answer, wait: pending || answer === undefined ? 'timed' : 'no' };
  }
  return { send: { target: goal, answered: subscription.unanswered }, wait: resuming ? 'timed' : 'no' };
}

/** What the snapshot and the offer have for the subscription, and what else the client accepted before. */
function keeping(state: StreamState, subscription: Subscription): ResourceSet {
  const { sent, rejected, accepted } = subscription;
  return unionKeeping(
    withoutRejected(sent, rejected, accepted),
    select(subscription, offerOf(state, subscription.typeUrl)),
  );
}

/**
 * A list of names has one response in flight in SotW, so that passing over an outdated request loses nothing. Others may
 * have a few: Envoy withholds the ACK of CDS until its clusters are warm, and what cures a cluster must not wait for it.
 */
function isBusy(state: StreamState, subscription: Subscription): boolean {
  const byName = state.variant === 'sotw' && subscription.wildcard === 'none';
  return subscription.outstanding.length >= (byName ? 1 : MAX_IN_FLIGHT);
}

function isPending(state: StreamState, subscription: Subscription, goal: ResourceSet): boolean {
  const { changed, removed } = difference(subscription.sent, goal);
  return changed.length > 0 || (removed.length > 0 && !removesSilently(state.variant, subscription.typeUrl));
}

/** Answers open names and leaves everything else as the client has it; undefined where even that must wait. */
function answerOnly(
  state: StreamState,
  subscription: Subscription,
  goal: ResourceSet,
  gate: Gate,
): Delivery | undefined {
  const { unanswered, sent } = subscription;
  if (unanswered.size === 0 || gate === 'waiting') return undefined;
  if (state.variant === 'sotw' && isBusy(state, subscription)) return undefined;
  const first = unanswered.has(WILDCARD) && sent.size === 0;
  return {
    target: first ? goal : withResources(sent, answerFor(goal, unanswered).resources),
    answered: unanswered,
  };
}

/** Drops what left the client without a message. */
export function settleSilently(state: StreamState, subscription: Subscription): Subscription {
  if (!removesSilently(state.variant, subscription.typeUrl) || subscription.sent.size === 0)
    return subscription;
  if (removalHold(state, subscription.typeUrl) !== 'none') return subscription;
  const wanted = wantedBy(state, subscription);
  const { changed, removed } = difference(subscription.sent, wanted);
  if (removed.length === 0 || changed.length > 0) return subscription;
  return { ...subscription, sent: wanted, rejected: subscription.rejected.difference(new Set(removed)) };
}
