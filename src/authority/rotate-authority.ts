import { X509Certificate } from 'node:crypto';
import {
  stepRotation,
  type Rotation,
  type RotationEffect,
  type RotationEvent,
  type RotationHolder,
} from '../certificates/ca-rotation.ts';
import { rotationHolders, type ServedSecret } from '../certificates/rotation-holders.ts';
import { AuthplaneError } from '../platform/errors.ts';
import type { Authority } from './authority.ts';
import { activeRoot, rootOf, type AuthorityState } from './authority-state.ts';

/** Where a rotation is after a command. */
export interface RotationResult {
  /** Undefined: none is under way. */
  readonly rotation: Rotation | undefined;
  /** Who holds up the next stage; for an `advance` that did not go on. */
  readonly holders: readonly RotationHolder[];
}

/** Makes a new root and begins to distribute it. @throws AuthplaneError CA_REFUSED when a rotation is under way. */
export async function startRotation(authority: Authority, nowMs: number): Promise<RotationResult> {
  return authority.update(async before => {
    if (before.rotation !== undefined) throw refused('a rotation is under way');
    const { state, rootId } = await authority.addRoot(before);
    return take(authority, state, { kind: 'start', from: activeRoot(before), to: rootId, nowMs });
  });
}

/**
 * Goes to the next stage if `served`, what a running authplane says of its proxies, shows that nobody holds it up. With `force`, the reason of an
 * operator, it goes on anyway and keeps the reason.
 * @throws AuthplaneError CA_REFUSED when no rotation is under way.
 */
export async function advanceRotation(
  authority: Authority,
  served: readonly ServedSecret[],
  nowMs: number,
  force?: string,
): Promise<RotationResult> {
  return authority.update(async before => {
    const { rotation } = before;
    if (rotation === undefined) throw refused('no rotation is under way');
    const holders = rotationHolders(rotation, holderFacts(before, served, nowMs));
    const forced =
      force === undefined || holders.length === 0
        ? before.forced
        : [...before.forced, { atMs: nowMs, stage: rotation.stage, reason: force }];
    return take(authority, { ...before, forced }, { kind: 'advance', holders, force: force !== undefined });
  });
}

/** Goes back to the old root. @throws AuthplaneError CA_REFUSED when none is under way, or it is too late. */
export async function abortRotation(authority: Authority): Promise<RotationResult> {
  return authority.update(async before => take(authority, before, { kind: 'abort' }));
}

/** Who holds up the next stage now; empty without a rotation. */
export function currentHolders(
  state: AuthorityState,
  served: readonly ServedSecret[],
  nowMs: number,
): readonly RotationHolder[] {
  return state.rotation === undefined
    ? []
    : rotationHolders(state.rotation, holderFacts(state, served, nowMs));
}

async function take(
  authority: Authority,
  before: AuthorityState,
  event: RotationEvent,
): Promise<{ state: AuthorityState; result: RotationResult }> {
  const step = stepRotation(before.rotation, event);
  switch (step.kind) {
    case 'refused':
      throw refused(step.reason);
    case 'held':
      return { state: before, result: { rotation: before.rotation, holders: step.holders } };
    case 'moved': {
      let state = before;
      for (const effect of step.effects) state = await apply(authority, state, effect);
      const { rotation } = step;
      return { state: { ...state, rotation }, result: { rotation, holders: [] } };
    }
  }
}

async function apply(
  authority: Authority,
  state: AuthorityState,
  effect: RotationEffect,
): Promise<AuthorityState> {
  switch (effect.kind) {
    case 'trust':
      return authority.publish({ ...state, trusted: effect.roots });
    case 'issueFrom': {
      const newest = state.issuers.filter(({ rootId }) => rootId === effect.root).at(-1);
      if (newest === undefined) throw refused(`root ${effect.root} has no CA to issue from`);
      return authority.reissue({ ...state, activeIssuer: newest.id });
    }
    case 'forget':
      return authority.forget(state, effect.root);
  }
}

function holderFacts(
  state: AuthorityState,
  served: readonly ServedSecret[],
  nowMs: number,
): Parameters<typeof rotationHolders>[1] {
  const fingerprints = new Map<number, ReadonlySet<string>>();
  for (const root of state.roots) {
    const below = state.issuers.filter(({ rootId }) => rootId === root.id);
    const all = [root, ...below].map(
      ({ certificatePem }) => new X509Certificate(certificatePem).fingerprint256,
    );
    fingerprints.set(root.id, new Set(all));
  }
  const issued = state.issued
    .filter(({ notAfterMs }) => notAfterMs > nowMs)
    .map(record => ({ name: record.name, root: rootOf(state, record) }));
  return { served, issued, fingerprints };
}

function refused(reason: string): AuthplaneError {
  return new AuthplaneError('CA_REFUSED', `the CA is not rotated: ${reason}`);
}
