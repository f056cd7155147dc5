import type { Effect } from '../protocol/effect.ts';
import type { Update } from '../protocol/update.ts';
import type { Version } from '../resources/version.ts';

/** Which versions of resources a client has, by name. Immutable. */
export interface HeldVersions {
  readonly accepted: ReadonlyMap<string, Version>;
  /** Sent and not answered yet, by nonce. */
  readonly pending: ReadonlyMap<string, ReadonlyMap<string, Version>>;
}

/** `accepted`: it has this version. `behind`: it has another one, or has not answered. `unused`: it was never given any. */
export type Holding = 'accepted' | 'behind' | 'unused';

export const NOTHING_HELD: HeldVersions = { accepted: new Map(), pending: new Map() };

/** Applies one effect. Pure. */
export function reduceHeld(held: HeldVersions, effect: Effect): HeldVersions {
  switch (effect.kind) {
    case 'send': {
      const pending = new Map(held.pending).set(effect.nonce, versionsIn(effect.update));
      return { accepted: without(held.accepted, effect.update.removed), pending };
    }
    case 'resumed': {
      const versions = [...effect.held.byName].map(([name, { version }]) => [name, version] as const);
      return { accepted: new Map(versions), pending: held.pending };
    }
    case 'acked':
      return settled(held, effect.nonce, true);
    case 'nacked':
      return settled(held, effect.nonce, false);
    default:
      return held;
  }
}

/** One object for all streams that are sent the same. */
const versions = new WeakMap<Update, ReadonlyMap<string, Version>>();

function versionsIn(update: Update): ReadonlyMap<string, Version> {
  let known = versions.get(update);
  if (known === undefined) {
    known = new Map(update.resources.map(({ name, version }) => [name, version]));
    versions.set(update, known);
  }
  return known;
}

function without(
  accepted: ReadonlyMap<string, Version>,
  names: readonly string[],
): ReadonlyMap<string, Version> {
  if (names.length === 0) return accepted;
  const rest = new Map(accepted);
  for (const name of names) rest.delete(name);
  return rest;
}

function settled(held: HeldVersions, nonce: string, isAccepted: boolean): HeldVersions {
  const sent = held.pending.get(nonce);
  if (sent === undefined) return held;
  const pending = new Map(held.pending);
  pending.delete(nonce);
  // What is rejected stays as it was: the old version is in force.
  if (!isAccepted) return { accepted: held.accepted, pending };
  return { accepted: held.accepted.size === 0 ? sent : new Map([...held.accepted, ...sent]), pending };
}

/** How a client stands to one version of a resource. */
export function holdingOf(held: HeldVersions, name: string, version: Version): Holding {
  const accepted = held.accepted.get(name);
  if (accepted === version) return 'accepted';
  const isPending = [...held.pending.values()].some(sent => sent.has(name));
  return accepted === undefined && !isPending ? 'unused' : 'behind';
}
