import type { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import { resourcesOf } from '../resources/snapshot.ts';
import { EXTENSION_CONFIG, resourceType, type TypeUrl, VIRTUAL_HOST } from '../resources/type-url.ts';
import { removesSilently } from './gate.ts';
import type { Delivery } from './plan.ts';
import { answerFor, difference, joined } from './set-algebra.ts';
import type { StreamState } from './stream-state.ts';
import { WILDCARD } from './name-set.ts';
import type { Subscription } from './subscription.ts';
import type { Update } from './update.ts';
import { namesOfEmptyTables } from './virtual-hosts.ts';

/** A response, and what is new to the client in it. */
export interface Response {
  readonly update: Update;
  readonly changed: readonly Resource[];
}

const EMPTY: readonly never[] = [];

/** The response that brings the client to the target; undefined when it would say nothing. */
export function respond(
  state: StreamState,
  subscription: Subscription,
  delivery: Delivery,
): Response | undefined {
  return state.variant === 'sotw'
    ? respondSotw(state, subscription, delivery)
    : respondDelta(state, subscription, delivery);
}

/**
 * `version_info`: the operator's own version if there is one, else the hash of the snapshot's resources of the type, or of
 * the target while it still has what is to be removed.
 */
export function versionInfoOf(
  state: StreamState,
  subscription: Pick<Subscription, 'typeUrl' | 'wildcard'>,
  target: ResourceSet,
): string {
  const { snapshot } = state;
  if (snapshot?.pinnedVersion !== undefined) return snapshot.pinnedVersion;
  if (snapshot === undefined || subscription.wildcard !== 'none') return target.version;
  return resourcesOf(snapshot, subscription.typeUrl).version;
}

/** LDS and CDS: the whole state. Other types: what changed or was asked for; leaving out deletes nothing. */
function respondSotw(
  state: StreamState,
  subscription: Subscription,
  delivery: Delivery,
): Response | undefined {
  const { target, answered } = delivery;
  const { changed } = difference(subscription.sent, target);
  const { typeUrl } = subscription;
  const versionInfo = versionInfoOf(state, subscription, target);
  const head = { variant: 'sotw', typeUrl, versionInfo, removed: EMPTY } as const;
  if (resourceType(typeUrl)?.fullState === true) {
    const update = sharedUpdate(target, head, () => [...target.byName.values()]);
    return { update, changed: changed.length > 0 ? changed : update.resources };
  }
  const resources = joined(changed, answerFor(target, answered).resources);
  if (resources.length === 0) return undefined;
  return { update: sharedUpdate(resources, head, () => resources), changed: resources };
}

/** What changed, what was asked for, and what does not or no longer exist. */
function respondDelta(
  state: StreamState,
  subscription: Subscription,
  delivery: Delivery,
): Response | undefined {
  const { target } = delivery;
  const { typeUrl } = subscription;
  const answered = allAnswered(state, typeUrl, delivery);
  const step = difference(subscription.sent, target);
  const versionInfo = versionInfoOf(state, subscription, target);
  const removed = removesSilently('delta', typeUrl) ? EMPTY : step.removed;
  const { resources: asked, missing: unknown } = answerFor(target, answered);
  const missing = removed.length === 0 ? unknown : unknown.filter(name => !removed.includes(name));
  const resources = joined(step.changed, asked);
  if (missing.length === 0) {
    if (resources.length === 0 && removed.length === 0 && !answered.has(WILDCARD)) return undefined;
    // The list of an empty step is the same for all types and for all steps that only remove something.
    const key = asked.length === 0 ? step : resources;
    const head = { variant: 'delta', typeUrl, versionInfo, removed } as const;
    return { update: sharedUpdate(key, head, () => resources), changed: resources };
  }
  const update: Update = {
    variant: 'delta',
    typeUrl,
    versionInfo,
    resources,
    removed: missingAreRemoved(typeUrl) ? [...removed, ...missing] : removed,
    bodiless: typeUrl === VIRTUAL_HOST ? missing : EMPTY,
  };
  const names = update.resources.length + update.removed.length + update.bodiless.length;
  return names === 0 && !answered.has(WILDCARD) ? undefined : { update, changed: update.resources };
}

/** The first answer of VHDS also says which route configurations have no virtual host. */
function allAnswered(state: StreamState, typeUrl: TypeUrl, delivery: Delivery): ReadonlySet<string> {
  const { target, answered } = delivery;
  if (typeUrl !== VIRTUAL_HOST || !answered.has(WILDCARD)) return answered;
  const empty = namesOfEmptyTables(state.snapshot, target);
  return empty.length === 0 ? answered : new Set([...answered, ...empty]);
}

/**
 * How a name that does not exist is answered: by `removed_resources`, but not for VHDS (the request would hang) and not
 * for ECDS (a warming listener would be stuck for ever; unanswered, its default configuration applies).
 */
function missingAreRemoved(typeUrl: TypeUrl): boolean {
  return typeUrl !== VIRTUAL_HOST && typeUrl !== EXTENSION_CONFIG;
}

const updates = { sotw: new WeakMap<object, Update>(), delta: new WeakMap<object, Update>() };

/** One object for all streams that make the same step, so that its bytes are made once. */
function sharedUpdate(
  key: object,
  head: Pick<Update, 'variant' | 'typeUrl' | 'versionInfo' | 'removed'>,
  makeResources: () => readonly Resource[],
): Update {
  const known = updates[head.variant].get(key);
  // The empty set and the empty difference are the same object for every type.
  const isSame = known?.versionInfo === head.versionInfo && known.typeUrl === head.typeUrl;
  if (isSame && known.removed === head.removed) return known;
  const update = { ...head, resources: makeResources(), bodiless: EMPTY };
  updates[head.variant].set(key, update);
  return update;
}
