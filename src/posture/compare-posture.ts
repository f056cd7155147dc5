import type { AuthenticatorPosture, ChainPosture, Posture } from '../resources/snapshot-auth.ts';

/**
 * In what `after` is weaker than `before`, in words; empty when it is at least as strong. Public is the weakest, denied the strongest. A chain is
 * weaker when there is a new way in, when a way in demands less or accepts more, or when a decision is gone that was made before.
 * Which policies allow, and what they say, is daily work and does not count.
 */
export function weakenings(before: Posture, after: Posture): readonly string[] {
  if (before.kind === 'public' || after.kind === 'denied') return [];
  if (after.kind === 'public') return [`it becomes public ("${after.reason}")`];
  if (before.kind === 'denied') return [];
  return [...newWaysIn(before, after), ...lostDecisions(before, after)];
}

function newWaysIn(before: ChainPosture, after: ChainPosture): readonly string[] {
  return after.authenticators
    .filter(way => !before.authenticators.some(known => isCovered(way, known)))
    .map(way => {
      const known = before.authenticators.find(({ kind }) => kind === way.kind);
      return known === undefined
        ? `it can be entered by ${describeWay(way)}, too`
        : `it can be entered by ${describeWay(way)}, where it took ${describeWay(known)}`;
    });
}

/** True when whoever enters by `way` could enter by `known`. */
function isCovered(way: AuthenticatorPosture, known: AuthenticatorPosture): boolean {
  return (
    way.kind === known.kind &&
    known.demands.every(demand => way.demands.includes(demand)) &&
    way.accepts.every(name => known.accepts.some(pattern => includesName(pattern, name))) &&
    (way.maxLifetimeS ?? 0) <= (known.maxLifetimeS ?? 0)
  );
}

/** Patterns of names have `*` for a part and `**` for any rest; a pattern includes itself. */
function includesName(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  if (!pattern.includes('*')) return false;
  const source = pattern
    .replace(/[\\^$.+?()[\]{}|]/g, '\\$&')
    .replaceAll('**', '\0')
    .replaceAll('*', name.startsWith('dns:') ? '[^.*]+' : '[^/*]+')
    .replaceAll('\0', '.+');
  return new RegExp(`^${source}$`).test(name);
}

function lostDecisions(before: ChainPosture, after: ChainPosture): readonly string[] {
  return before.authorizers
    .filter(({ kind }) => !after.authorizers.some(decision => decision.kind === kind))
    .map(({ kind }) => `it is no longer authorized by: ${kind}`);
}

/** `jwt (audience a; issuer b; scope c)`. */
export function describeWay({ kind, accepts, demands, maxLifetimeS }: AuthenticatorPosture): string {
  const lifetime = maxLifetimeS === undefined ? [] : [`lifetime up to ${maxLifetimeS} s`];
  const details = [...accepts, ...demands, ...lifetime];
  return details.length === 0 ? kind : `${kind} (${details.join('; ')})`;
}

/** A posture in one line. */
export function describePosture(posture: Posture): string {
  if (posture.kind === 'public') return `public: ${posture.reason}`;
  if (posture.kind === 'denied') return 'denied: no chain';
  const ways = posture.authenticators.map(({ kind }) => kind).join(' or ');
  const decisions = posture.authorizers.map(({ kind, policies }) =>
    kind === 'allow policies' ? policies.map(policyName).join(' or ') : kind,
  );
  return `${posture.chain}: ${[ways, ...decisions].join(', then ')}`;
}

/** A policy without its fingerprint. */
export function policyName(policy: string): string {
  return policy.slice(0, policy.indexOf('#'));
}
