import { matchesGlob, type NodeIdentity } from './node.ts';

/** Who may have a secret. Lists are "any of", keys that are not empty are "all of"; nothing at all is nobody. Strings are globs. */
export interface Grant {
  /** SPIFFE IDs, as the verified client certificate has them; what a proxy says of itself does not count. */
  readonly spiffe: readonly string[];
  /** `node.cluster`: the group that the proxy belongs to. */
  readonly groups: readonly string[];
}

/** For a secret that no file of the group refers to and that nobody is granted. */
export const NOBODY: Grant = { spiffe: [], groups: [] };

/** Why a proxy may not have a secret; undefined: it may. Pure. */
export function grantProblem(grant: Grant, node: NodeIdentity): string | undefined {
  const { spiffe, groups } = grant;
  if (spiffe.length === 0 && groups.length === 0) {
    return 'no resource that the proxy gets refers to the secret, and it is granted to nobody';
  }
  if (groups.length > 0 && !groups.some(glob => matchesGlob(glob, node.cluster))) {
    return `its cluster "${node.cluster}" is none of the groups ${groups.join(', ')}`;
  }
  if (spiffe.length === 0) return undefined;
  const ids = node.spiffeIds ?? [];
  if (ids.length === 0) return 'it has shown no client certificate with a SPIFFE ID';
  if (ids.some(id => spiffe.some(glob => matchesGlob(glob, id)))) return undefined;
  return `its SPIFFE ID ${ids.join(', ')} is none of ${spiffe.join(', ')}`;
}
