import type { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import { resourcesOf } from '../resources/snapshot.ts';
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION_CONFIG,
  LISTENER,
  resourceType,
  type TypeUrl,
} from '../resources/type-url.ts';
import { gatesOf, usersOf, waitsForEndpoints } from './order.ts';
import { difference } from './set-algebra.ts';
import { currentOf, type StreamState } from './stream-state.ts';
import { select, type Subscription } from './subscription.ts';

/**
 * `waiting`: what the update builds on is on its way; ends by an ACK or by the hold's timeout.
 * `rejected`: the client refused what the update builds on, so it keeps what it has until the content changes.
 */
export type Gate = 'open' | 'waiting' | 'rejected';

/** What the newest snapshot has for a subscription. */
export function wantedBy(state: StreamState, subscription: Subscription): ResourceSet {
  return select(subscription, currentOf(state, subscription.typeUrl));
}

/** Resources of the type leave the client without a message. */
export function removesSilently(variant: StreamState['variant'], typeUrl: TypeUrl): boolean {
  // A delta removal of a filter configuration makes Envoy answer 500 on connections that still drain with it.
  if (typeUrl === EXTENSION_CONFIG) return true;
  return variant === 'sotw' && resourceType(typeUrl)?.fullState !== true;
}

/** May the update of a type that brings `changed` leave now? Always on a stream of one type. */
export function gateOf(state: StreamState, typeUrl: TypeUrl, changed: readonly Resource[]): Gate {
  if (!state.ads) return 'open';
  let gate: Gate = 'open';
  for (const before of gatesOf(typeUrl)) {
    const subscription = state.subscriptions.get(before);
    if (subscription === undefined) continue;
    if (subscription.rejected.size > 0) return 'rejected';
    if (!isMade(state, subscription)) gate = 'waiting';
  }
  if (gate === 'open' && waitsForEndpoints(typeUrl) && !endpointsWereSent(state, changed)) return 'waiting';
  return gate;
}

/** The client has accepted everything that the snapshot adds or changes for the type. */
function isMade(state: StreamState, subscription: Subscription): boolean {
  return (
    subscription.outstanding.length === 0 &&
    subscription.rejected.size === 0 &&
    difference(subscription.sent, wantedBy(state, subscription)).changed.length === 0
  );
}

/** The client has accepted the whole snapshot, and nothing is left to be removed. */
export function isSettled(state: StreamState): boolean {
  return [...state.subscriptions.keys()].every(typeUrl => isDone(state, typeUrl));
}

/** Made, and nothing is left to be removed. */
function isDone(state: StreamState, typeUrl: TypeUrl): boolean {
  const subscription = state.subscriptions.get(typeUrl);
  if (subscription === undefined) return true;
  if (!isMade(state, subscription)) return false;
  return (
    removesSilently(state.variant, typeUrl) ||
    difference(subscription.sent, wantedBy(state, subscription)).removed.length === 0
  );
}

/**
 * Why resources of the type that the snapshot no longer has must stay with the client: `users` as long as something
 * accepted may need them; `resuming` (timed) while a client that came back has not said yet what uses them.
 */
export function removalHold(state: StreamState, typeUrl: TypeUrl): 'none' | 'users' | 'resuming' {
  if (!state.ads) return 'none';
  const users = usersOf(typeUrl);
  if (users.some(user => !isDone(state, user))) return 'users';
  const unknownUsers = users.includes(LISTENER) && !state.subscriptions.has(LISTENER);
  const expired = state.subscriptions.get(typeUrl)?.hold === 'expired';
  return state.resumed && unknownUsers && !expired ? 'resuming' : 'none';
}

/** Every cluster that the resources name and the client has been sent has had its endpoints since its last change. */
function endpointsWereSent(state: StreamState, resources: readonly Resource[]): boolean {
  const clusters = state.subscriptions.get(CLUSTER)?.sent;
  if (clusters === undefined || state.snapshot === undefined) return true;
  const available = resourcesOf(state.snapshot, ENDPOINTS);
  const endpoints = state.subscriptions.get(ENDPOINTS);
  return endpointNames(resources, clusters).every(
    name =>
      available.find(name) === undefined ||
      (endpoints?.sent.find(name) !== undefined && !endpoints.unanswered.has(name)),
  );
}

function endpointNames(resources: readonly Resource[], clusters: ResourceSet): string[] {
  return resources
    .flatMap(resource => resource.references)
    .filter(reference => reference.kind === 'cluster')
    .flatMap(reference => clusters.byName.get(reference.name)?.references ?? [])
    .filter(reference => reference.kind === 'endpoints')
    .map(reference => reference.name);
}
