import { isInRanges, parseCaveat, type CidrRange, type TypedCaveat } from './caveat.ts';

/** What a macaroon is used for. What is undefined is not known, and a condition on it refuses. */
export interface MacaroonUse {
  readonly nowMs: number;
  readonly audience?: string;
  readonly method?: string;
  /** Without query. */
  readonly path?: string;
  /** Of the client, as proxies saw it. */
  readonly address?: string;
  readonly project?: string;
  /** Of the client certificate: SHA-256, base64url. */
  readonly thumbprint?: string;
}

/** What is left of the rights of a macaroon. Undefined: not narrowed. */
export interface MacaroonLimits {
  /** Milliseconds since the epoch. */
  readonly expiresMs: number | undefined;
  readonly scopes: ReadonlySet<string> | undefined;
  readonly audiences: ReadonlySet<string> | undefined;
  readonly projects: ReadonlySet<string> | undefined;
  readonly thumbprint: string | undefined;
}

export type CaveatVerdict =
  | { readonly kind: 'allowed'; readonly limits: MacaroonLimits }
  | { readonly kind: 'refused'; readonly reason: string };

const UNLIMITED: MacaroonLimits = {
  expiresMs: undefined,
  scopes: undefined,
  audiences: undefined,
  projects: undefined,
  thumbprint: undefined,
};

/**
 * Whether all conditions hold for a use, and what is left of the rights. Every further condition can only refuse or narrow: each is judged by
 * itself, and limits are intersections. An unknown condition refuses. Pure.
 */
export function judgeCaveats(conditions: readonly Uint8Array[], use: MacaroonUse): CaveatVerdict {
  let limits = UNLIMITED;
  for (const condition of conditions) {
    const caveat = parseCaveat(condition);
    if ('problem' in caveat) return { kind: 'refused', reason: caveat.problem };
    const reason = violation(caveat, use);
    if (reason !== undefined) return { kind: 'refused', reason };
    limits = narrow(limits, caveat);
    if (limits.scopes?.size === 0) return { kind: 'refused', reason: 'no scope is left' };
    if (limits.audiences?.size === 0) return { kind: 'refused', reason: 'no audience is left' };
    if (limits.projects?.size === 0) return { kind: 'refused', reason: 'no project is left' };
  }
  return { kind: 'allowed', limits };
}

function violation(caveat: TypedCaveat, use: MacaroonUse): string | undefined {
  switch (caveat.kind) {
    case 'exp':
    case 'nbf':
      return outOfTime(caveat.kind, caveat.seconds * 1000, use.nowMs);
    case 'aud':
      return oneOf(caveat.values, use.audience, 'audience');
    case 'method':
      return oneOf(caveat.values, use.method, 'method');
    case 'project':
      // Without a project in the use it becomes a limit of what is made of the macaroon.
      return use.project === undefined ? undefined : oneOf(caveat.values, use.project, 'project');
    case 'path':
      return isBelow(caveat.prefix, use.path) ? undefined : `it is for paths below ${caveat.prefix}`;
    case 'cidr':
      return isFrom(caveat.ranges, use.address) ? undefined : 'it is for other addresses';
    case 'cnf':
      return use.thumbprint === caveat.thumbprint ? undefined : 'it is bound to another client certificate';
    case 'scope':
      return undefined;
  }
}

function outOfTime(kind: 'exp' | 'nbf', timeMs: number, nowMs: number): string | undefined {
  if (kind === 'exp') return nowMs < timeMs ? undefined : 'it has expired';
  return nowMs >= timeMs ? undefined : 'it is not valid yet';
}

function isFrom(ranges: readonly CidrRange[], address: string | undefined): boolean {
  return address !== undefined && isInRanges(ranges, address);
}

function oneOf(values: readonly string[], actual: string | undefined, noun: string): string | undefined {
  return actual !== undefined && values.includes(actual)
    ? undefined
    : `it is for ${noun} ${values.join(', ')}`;
}

/** A path with an escape, a dot segment or an empty segment may mean another one behind the proxy: it is below nothing but `/`. */
function isBelow(prefix: string, path: string | undefined): boolean {
  if (path === undefined) return false;
  if (prefix === '/') return true;
  if (/[%\\;]|\/\/|\/\.\.?(\/|$)/.test(path)) return false;
  return path === prefix || path.startsWith(`${prefix}/`);
}

function narrow(limits: MacaroonLimits, caveat: TypedCaveat): MacaroonLimits {
  switch (caveat.kind) {
    case 'exp':
      return { ...limits, expiresMs: Math.min(limits.expiresMs ?? Infinity, caveat.seconds * 1000) };
    case 'scope':
      return { ...limits, scopes: intersect(limits.scopes, caveat.values) };
    case 'aud':
      return { ...limits, audiences: intersect(limits.audiences, caveat.values) };
    case 'project':
      return { ...limits, projects: intersect(limits.projects, caveat.values) };
    case 'cnf':
      return { ...limits, thumbprint: caveat.thumbprint };
    default:
      return limits;
  }
}

function intersect(limit: ReadonlySet<string> | undefined, values: readonly string[]): ReadonlySet<string> {
  return new Set(limit === undefined ? values : values.filter(value => limit.has(value)));
}
