import type { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { CLUSTER, ENDPOINTS, type TypeUrl } from '../resources/type-url.ts';
import { readAcknowledgement } from './acknowledgement.ts';
import { NOTHING_CHANGED } from './changed-names.ts';
import { subscribeDelta } from './delta.ts';
import type { Effect } from './effect.ts';
import type { StreamEvent } from './event.ts';
import { isSettled } from './gate.ts';
import { offerSnapshot, releaseOffers } from './offer.ts';
import { type Delivery, isAtRest, plan, settleSilently } from './plan.ts';
import type { StreamRequest } from './request.ts';
import { isPlaceholder } from './placeholder.ts';
import { respond, versionInfoOf } from './response.ts';
import { memoizePair } from './set-algebra.ts';
import { subscribeSotw } from './sotw.ts';
import { currentOf, type StreamState, withSubscription } from './stream-state.ts';
import { NO_NAMES } from './name-set.ts';
import { type Outstanding, type Subscription, withoutRejected } from './subscription.ts';
import { warmVirtualHosts } from './virtual-hosts.ts';

/** What an event does to a stream. */
export interface Step {
  readonly state: StreamState;
  readonly effects: readonly Effect[];
}

/** A client that never answers must not make a stream grow: older responses are forgotten, their ACKs are stale. */
const MAX_OUTSTANDING = 64;

/**
 * The xDS protocol of one stream, both variants, as a pure function. Never throws, whatever the events.
 * Rules: docs/xds.md.
 */
export function step(state: StreamState, event: StreamEvent): Step {
  switch (event.kind) {
    case 'request':
      return onRequest(state, event.request);
    case 'snapshot':
      return onSnapshot(
        { ...state, changed: event.changed ?? NOTHING_CHANGED },
        event.snapshot,
        event.then ?? [],
      );
    case 'holdExpired':
      return onHoldExpired(state, event.typeUrl);
  }
}

/** A stream of one type has no order between types to keep, so it goes to the last stage at once. */
function onSnapshot(state: StreamState, snapshot: Snapshot, then: readonly Snapshot[]): Step {
  const last = then.at(-1);
  if (!state.ads && last !== undefined) return onSnapshot(state, last, []);
  return advance(offerSnapshot({ ...state, pending: then }, snapshot), []);
}

function onHoldExpired(state: StreamState, typeUrl: TypeUrl): Step {
  const subscription = state.subscriptions.get(typeUrl);
  if (subscription?.hold !== 'waiting') return { state, effects: [] };
  return advance(withSubscription(state, { ...subscription, hold: 'expired' }), []);
}

function onRequest(state: StreamState, request: StreamRequest): Step {
  const before = state.subscriptions.get(request.typeUrl);
  const { subscription, effects, ignore } = readAcknowledgement(before, request);
  const acknowledged =
    subscription === undefined || subscription === before ? state : withSubscription(state, subscription);
  if (ignore) return { state: acknowledged, effects };

  const next = subscribe(acknowledged, subscription, request);
  if (next === subscription) return advance(acknowledged, effects);
  const subscribed = withSubscription(acknowledged, next);
  const changed =
    before === undefined || before.names !== next.names || before.wildcard !== next.wildcard
      ? [subscribedEffect(next)]
      : [];
  const resumed = before === undefined ? resumedEffects(subscribed, next) : [];
  return advance(isResuming(before, request) ? { ...subscribed, resumed: true } : subscribed, [
    ...effects,
    ...changed,
    ...resumed,
  ]);
}

function resumedEffects(state: StreamState, { typeUrl, accepted, ...rest }: Subscription): readonly Effect[] {
  const isBelieved = accepted.byName.values().some(resource => !isPlaceholder(resource));
  if (!isBelieved) return [];
  const versionInfo = versionInfoOf(state, { typeUrl, ...rest }, accepted);
  return [{ kind: 'resumed', typeUrl, versionInfo, held: accepted }];
}

/** A client that says in its first request of a type what it holds of it. */
function isResuming(before: Subscription | undefined, request: StreamRequest): boolean {
  return before === undefined && request.variant === 'delta' && request.initialVersions.size > 0;
}

function subscribe(
  state: StreamState,
  before: Subscription | undefined,
  request: StreamRequest,
): Subscription {
  const available = currentOf(state, request.typeUrl);
  const changed = state.changed.get(request.typeUrl) ?? NO_NAMES;
  if (request.variant === 'delta') {
    const warming = request.typeUrl === ENDPOINTS ? state.warming : NO_NAMES;
    const doubtful = warming.size === 0 ? changed : changed.union(warming);
    return subscribeDelta(before, request, { available, doubtful });
  }
  const isPinned = state.snapshot?.pinnedVersion !== undefined;
  return subscribeSotw(before, request, isPinned || changed.size > 0 ? undefined : available);
}

function subscribedEffect(subscription: Subscription): Effect {
  return {
    kind: 'subscribed',
    typeUrl: subscription.typeUrl,
    wildcard: subscription.wildcard !== 'none',
    names: subscription.names.size,
  };
}

/** Sends all that may leave now, stage by stage. */
function advance(start: StreamState, before: readonly Effect[]): Step {
  const step = advanceStage(start, before);
  const [next, ...pending] = step.state.pending;
  if (next === undefined || !isSettled(step.state)) return step;
  return advance(offerSnapshot({ ...step.state, pending }, next), step.effects);
}

/** Sends, in the order of the types, all of the snapshot that may leave now. */
function advanceStage(start: StreamState, before: readonly Effect[]): Step {
  if (start.snapshot === undefined) return { state: start, effects: before };
  let state = releaseOffers(start);
  const effects = [...before];
  for (const typeUrl of start.subscriptions.keys()) {
    const subscription = state.subscriptions.get(typeUrl);
    if (subscription === undefined || isAtRest(state, subscription)) continue;
    const { send, wait } = plan(state, subscription);
    if (send !== undefined) state = deliver(state, subscription, send, effects);
    else state = replace(state, settleSilently(state, subscription));
    state = hold(state, typeUrl, wait, effects);
  }
  return { state, effects };
}

function replace(state: StreamState, subscription: Subscription): StreamState {
  return state.subscriptions.get(subscription.typeUrl) === subscription
    ? state
    : withSubscription(state, subscription);
}

function deliver(
  state: StreamState,
  subscription: Subscription,
  delivery: Delivery,
  effects: Effect[],
): StreamState {
  const response = respond(state, subscription, delivery);
  const reached = { ...subscription, sent: delivery.target, unanswered: NO_NAMES };
  if (response === undefined) return withSubscription(state, reached);

  const { update, changed } = response;
  const lastNonce = state.lastNonce + 1;
  const nonce = String(lastNonce);
  effects.push({ kind: 'send', typeUrl: subscription.typeUrl, nonce, update });
  const rejected = stillRejected(subscription, delivery.target);
  const entry: Outstanding = {
    nonce,
    versionInfo: update.versionInfo,
    changed,
    target: ifAccepted(subscription, delivery.target, changed, rejected),
    cures: rejected.size < subscription.rejected.size,
  };
  const sent = withSubscription(
    { ...state, lastNonce },
    {
      ...reached,
      lastNonce: nonce,
      outstanding: [...subscription.outstanding, entry].slice(-MAX_OUTSTANDING),
      rejected,
    },
  );
  return subscription.typeUrl === CLUSTER ? warmEndpoints(sent, changed) : warmVirtualHosts(sent, changed);
}

/** What the client will have accepted: not what it rejected before, unless the response offers it again. */
function ifAccepted(
  subscription: Subscription,
  target: ResourceSet,
  changed: readonly Resource[],
  rejected: ReadonlySet<string>,
): ResourceSet {
  if (rejected.size === 0) return target;
  const offered = new Set(changed.map(resource => resource.name));
  return withoutRejected(target, rejected.difference(offered), subscription.accepted);
}

/** A rejection stands as long as the client is offered the very same version. */
function stillRejected(subscription: Subscription, target: ResourceSet): ReadonlySet<string> {
  if (subscription.rejected.size === 0) return subscription.rejected;
  const { sent } = subscription;
  return new Set(
    [...subscription.rejected].filter(name => {
      const offered = target.byName.get(name);
      return offered !== undefined && offered.version === sent.byName.get(name)?.version;
    }),
  );
}

/**
 * Envoy warms a changed cluster on its endpoints, also when they are the same as before: they are sent once more
 * (xDS protocol, "Resource warming"). In SotW the request that follows cannot be told from an ACK, so it is not awaited.
 */
function warmEndpoints(state: StreamState, clusters: readonly Resource[]): StreamState {
  const endpoints = state.subscriptions.get(ENDPOINTS);
  if (endpoints === undefined) return withWarming(state, clusters);
  const names = sentEndpointsOf(clusters, endpoints.sent);
  if (names.size === 0) return state;
  const { unanswered } = endpoints;
  return withSubscription(state, {
    ...endpoints,
    unanswered: unanswered.size === 0 ? names : unanswered.union(names),
  });
}

const sentEndpointsOf = memoizePair(
  (clusters: readonly Resource[], sent: ResourceSet): ReadonlySet<string> =>
    new Set([...endpointsOf(clusters)].filter(name => sent.find(name) !== undefined)),
);

/** By the list, which streams that are sent the same share. */
const endpoints = new WeakMap<readonly Resource[], ReadonlySet<string>>();

function endpointsOf(clusters: readonly Resource[]): ReadonlySet<string> {
  let names = endpoints.get(clusters);
  if (names === undefined) {
    const references = clusters.flatMap(cluster => cluster.references);
    names = new Set(references.filter(({ kind }) => kind === 'endpoints').map(({ name }) => name));
    endpoints.set(clusters, names);
  }
  return names;
}

/** In SotW every list of names is answered anyway. */
function withWarming(state: StreamState, clusters: readonly Resource[]): StreamState {
  const names = endpointsOf(clusters);
  if (state.variant === 'sotw' || names.size === 0) return state;
  return { ...state, warming: state.warming.size === 0 ? names : state.warming.union(names) };
}

function hold(
  state: StreamState,
  typeUrl: TypeUrl,
  wait: 'no' | 'timed' | 'untimed',
  effects: Effect[],
): StreamState {
  const subscription = state.subscriptions.get(typeUrl);
  if (subscription === undefined) return state;
  if (wait === 'timed') {
    if (subscription.hold !== 'none') return state;
    effects.push({ kind: 'holdStarted', typeUrl });
    return withSubscription(state, { ...subscription, hold: 'waiting' });
  }
  if (subscription.hold === 'none') return state;
  effects.push({ kind: 'holdEnded', typeUrl, timedOut: subscription.hold === 'expired' });
  return withSubscription(state, { ...subscription, hold: 'none' });
}
