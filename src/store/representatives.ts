import type { NodeIdentity, NodeMatcher } from '../resources/node.ts';

/**
 * What stands for `*` and `?` in a made-up name: not empty, so that `edge-?*` matches too, and unlikely in a real one, so
 * that it does not match other globs by accident.
 */
const FILLER = '~';

/**
 * Made-up proxies that match, one for each combination of what the lists of the matcher allow, so that the groups
 * a file belongs to are known before a proxy connects. At most `limit` (default 64); none for a matcher that
 * nothing can match.
 */
export function representativesOf(matcher: NodeMatcher, limit = 64): readonly NodeIdentity[] {
  const ids = matcher.ids.length === 0 ? [FILLER] : matcher.ids.map(concrete);
  const clusters = matcher.clusters.length === 0 ? [FILLER] : matcher.clusters.map(concrete);
  const nodes: NodeIdentity[] = [];
  for (const metadata of mappingAlternatives(matcher.metadata, limit)) {
    for (const cluster of clusters) {
      for (const id of ids) {
        if (nodes.length >= limit) return nodes;
        nodes.push({ id, cluster, metadata });
      }
    }
  }
  return nodes;
}

function concrete(glob: string): string {
  return glob.replaceAll(/[*?]/g, FILLER);
}

/** The values that a wanted value allows: a list is "any of", a string is a glob. */
function alternatives(wanted: unknown, limit: number): readonly unknown[] {
  if (Array.isArray(wanted)) return wanted.flatMap(entry => alternatives(entry, limit)).slice(0, limit);
  if (typeof wanted === 'string') return [concrete(wanted)];
  if (typeof wanted === 'object' && wanted !== null) {
    return mappingAlternatives(wanted as Readonly<Record<string, unknown>>, limit);
  }
  return [wanted];
}

function mappingAlternatives(
  wanted: Readonly<Record<string, unknown>>,
  limit: number,
): readonly Readonly<Record<string, unknown>>[] {
  let mappings: readonly Readonly<Record<string, unknown>>[] = [{}];
  for (const [key, value] of Object.entries(wanted)) {
    const values = alternatives(value, limit);
    mappings = mappings
      .flatMap(mapping => values.map(entry => ({ ...mapping, [key]: entry })))
      .slice(0, limit);
  }
  return mappings;
}
