import type { KeyHolder, KeyHolders } from './key-holder.ts';
import { isLive, type KeyAlgorithm, type KeyUse, type SigningKey } from './signing-key.ts';

/** One line of keys that follow each other: at most one is pending and at most one active. */
export interface KeyLine {
  readonly use: KeyUse;
  readonly algorithm: KeyAlgorithm;
  /** How long a key signs. */
  readonly rotateEveryMs: number;
  /** Longest validity of what it signs, with everything that may come on top: skew of clocks, and how late others notice that it retires. */
  readonly longestTokenMs: number;
}

export type KeyEvent =
  /** Time has passed. `holders`: by kid, who has not got it yet. */
  | { readonly kind: 'tick'; readonly holders: KeyHolders }
  /** The active key is to be replaced now: at once when nobody holds that up, otherwise as soon as nobody does. */
  | { readonly kind: 'rotate'; readonly holders: KeyHolders }
  /** The pending key becomes active whoever has not got it. */
  | { readonly kind: 'force' }
  /** Somebody else may have the key: nothing that it signed counts any more. */
  | { readonly kind: 'compromise'; readonly kid: string };

/** What is to be written, in this order. */
export type KeyEffect =
  | { readonly kind: 'generate' }
  | { readonly kind: 'activate'; readonly kid: string; readonly rotateAfterMs: number }
  | { readonly kind: 'rotateNow'; readonly kid: string }
  | { readonly kind: 'retire'; readonly kid: string; readonly verifyUntilMs: number }
  /** The private half is erased and the public one is no longer published. */
  | { readonly kind: 'end'; readonly kid: string; readonly state: 'retired' | 'compromised' };

export interface KeyStep {
  readonly effects: readonly KeyEffect[];
  /** Who keeps the pending key from becoming active although it is due; empty: nobody, or nothing is due. */
  readonly heldUpBy: readonly KeyHolder[];
}

/**
 * What has to happen with the keys of a line. There is always a pending key beside the active one, published long before it is needed, so that
 * a change, also in an emergency, finds it with every proxy. A key becomes active only when nobody holds that up (or by force). Pure.
 * @param keys all keys; those of other lines are passed over.
 */
export function stepKeys(
  line: KeyLine,
  keys: readonly SigningKey[],
  event: KeyEvent,
  nowMs: number,
): KeyStep {
  const own = keys.filter(key => isOfLine(line, key) && isLive(key));
  const live = event.kind === 'compromise' ? own.filter(({ kid }) => kid !== event.kid) : own;
  const ended: readonly KeyEffect[] = [
    ...own.filter(key => !live.includes(key)).map(({ kid }) => endOf(kid, 'compromised')),
    ...expired(live, nowMs),
  ];
  const pending = live.find(({ state }) => state === 'pending');
  const active = live.find(({ state }) => state === 'active');
  const replacement = replace(line, pending, active, event, nowMs);
  return { ...replacement, effects: [...ended, ...replacement.effects] };
}

/** Puts the pending key in the place of the active one when that is due and nobody holds it up. */
function replace(
  line: KeyLine,
  pending: SigningKey | undefined,
  active: SigningKey | undefined,
  event: KeyEvent,
  nowMs: number,
): KeyStep {
  const request: readonly KeyEffect[] =
    event.kind === 'rotate' && active !== undefined ? [{ kind: 'rotateNow', kid: active.kid }] : [];
  if (pending === undefined) return { effects: [...request, { kind: 'generate' }], heldUpBy: [] };
  if (event.kind === 'compromise' || !isDue(active, event, nowMs)) return NOTHING;
  const heldUpBy = event.kind === 'force' ? [] : (event.holders.get(pending.kid) ?? []);
  if (heldUpBy.length > 0) return { effects: request, heldUpBy };
  const verifyUntilMs = nowMs + line.longestTokenMs;
  const retired: readonly KeyEffect[] =
    active === undefined ? [] : [{ kind: 'retire', kid: active.kid, verifyUntilMs }];
  const rotateAfterMs = nowMs + line.rotateEveryMs;
  return {
    effects: [...retired, { kind: 'activate', kid: pending.kid, rotateAfterMs }, { kind: 'generate' }],
    heldUpBy: [],
  };
}

const NOTHING: KeyStep = { effects: [], heldUpBy: [] };

function isDue(active: SigningKey | undefined, event: KeyEvent, nowMs: number): boolean {
  if (active === undefined || event.kind === 'rotate' || event.kind === 'force') return true;
  return nowMs >= (active.rotateAfterMs ?? 0);
}

function isOfLine({ use, algorithm }: KeyLine, key: SigningKey): boolean {
  return key.use === use && key.algorithm === algorithm;
}

/** Retiring keys whose last token has expired. */
function expired(keys: readonly SigningKey[], nowMs: number): readonly KeyEffect[] {
  return keys
    .filter(({ state, verifyUntilMs }) => state === 'retiring' && nowMs >= (verifyUntilMs ?? 0))
    .map(({ kid }) => endOf(kid, 'retired'));
}

function endOf(kid: string, state: 'retired' | 'compromised'): KeyEffect {
  return { kind: 'end', kid, state };
}

/** Of a line that is no longer wanted: what it has signed stays valid, and it signs nothing more. Pure. */
export function endLine(line: KeyLine, keys: readonly SigningKey[], nowMs: number): readonly KeyEffect[] {
  const own = keys.filter(key => isOfLine(line, key));
  const verifyUntilMs = nowMs + line.longestTokenMs;
  return [
    ...expired(own, nowMs),
    ...own.flatMap(({ kid, state }): readonly KeyEffect[] => {
      if (state === 'pending') return [endOf(kid, 'retired')];
      return state === 'active' ? [{ kind: 'retire', kid, verifyUntilMs }] : [];
    }),
  ];
}

/** A key as an effect leaves it; the state that storage writes. Pure. */
export function applyKeyEffect(
  key: SigningKey,
  effect: Exclude<KeyEffect, { kind: 'generate' }>,
  nowMs: number,
): SigningKey {
  switch (effect.kind) {
    case 'activate':
      return { ...key, state: 'active', activatedMs: nowMs, rotateAfterMs: effect.rotateAfterMs };
    case 'rotateNow':
      return { ...key, rotateAfterMs: nowMs };
    case 'retire':
      return { ...key, state: 'retiring', retiringMs: nowMs, verifyUntilMs: effect.verifyUntilMs };
    case 'end':
      return { ...key, state: effect.state, endedMs: nowMs };
  }
}
