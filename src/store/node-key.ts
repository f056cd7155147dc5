import type { NodeIdentity } from '../resources/node.ts';

/** Equal for proxies that every matcher treats alike: same id, cluster and metadata, in any order of keys. */
export function nodeKey(node: NodeIdentity): string {
  return JSON.stringify([node.id, node.cluster, sorted(node.metadata)]);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  // Pairs rather than an object: keys such as "1" and "__proto__" would be moved or lost.
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return { pairs: entries.map(([key, entry]) => [key, sorted(entry)]) };
}
