/** What authplane knows of a proxy: the part of `envoy.config.core.v3.Node` that it uses. */
export interface NodeIdentity {
  readonly id: string;
  readonly cluster: string;
  /** `Node.metadata` as JSON. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly userAgent?: string;
  /** The proxy lists its extensions, and filter_chain is not among them: an Envoy below 1.39. */
  readonly lacksFilterChain?: true;
  /** URI names of the client certificate that the xDS port has verified. Absent: none. */
  readonly spiffeIds?: readonly string[];
}

/** The `node:` of a snapshot file. Absent keys match all; lists are "any of", keys are "all of"; `*` and `?` are globs. */
export interface NodeMatcher {
  readonly ids: readonly string[];
  readonly clusters: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

export const MATCH_ALL: NodeMatcher = { ids: [], clusters: [], metadata: {} };

/** True when the proxy gets the file. */
export function matchesNode(matcher: NodeMatcher, node: NodeIdentity): boolean {
  return (
    matchesAny(matcher.ids, node.id) &&
    matchesAny(matcher.clusters, node.cluster) &&
    Object.entries(matcher.metadata).every(([key, wanted]) => matchesValue(wanted, node.metadata[key]))
  );
}

function matchesAny(globs: readonly string[], value: string): boolean {
  return globs.length === 0 || globs.some(glob => matchesGlob(glob, value));
}

/** A list is "any of", a mapping is "all of", a string is a glob, anything else must be equal. */
function matchesValue(wanted: unknown, actual: unknown): boolean {
  if (Array.isArray(wanted)) return wanted.some(entry => matchesValue(entry, actual));
  if (typeof wanted === 'string') return typeof actual === 'string' && matchesGlob(wanted, actual);
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof actual !== 'object' || actual === null) return false;
    const object = actual as Readonly<Record<string, unknown>>;
    return Object.entries(wanted).every(([key, value]) => matchesValue(value, object[key]));
  }
  return wanted === actual;
}

/**
 * `*` is any run of characters (also none), `?` is one character. Greedy with one point of return, so
 * the time is at most the product of the lengths.
 */
export function matchesGlob(glob: string, value: string): boolean {
  let g = 0;
  let v = 0;
  let star = -1;
  let resume = 0;
  while (v < value.length) {
    if (glob[g] === '*') {
      star = g++;
      resume = v;
    } else if (glob[g] === '?' || glob[g] === value[v]) {
      g++;
      v++;
    } else if (star >= 0) {
      g = star + 1;
      v = ++resume;
    } else {
      return false;
    }
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}
