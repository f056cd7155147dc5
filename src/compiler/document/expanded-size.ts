import { MAX_DEPTH, MAX_NODES } from './limits.ts';

/** What a document becomes when every alias is written out, or why that is refused. */
export type ExpandedSize =
  { readonly kind: 'within'; readonly nodes: number } | { readonly kind: 'beyond'; readonly reason: string };

interface Measure {
  readonly nodes: number;
  readonly depth: number;
}

/**
 * Counts the nodes of a value in which aliases share objects, each object once: the time is that of the text,
 * however far it expands.
 */
export function expandedSize(root: unknown): ExpandedSize {
  const known = new Map<object, Measure>();
  const open = new Set<object>();
  let problem: string | undefined;

  const measure = (value: unknown): Measure => {
    if (typeof value !== 'object' || value === null) return { nodes: 1, depth: 0 };
    const before = known.get(value);
    if (before !== undefined) return before;
    if (open.has(value) || open.size >= MAX_DEPTH) {
      problem ??= open.has(value) ? 'an alias contains itself' : `it is nested more than ${MAX_DEPTH} deep`;
      return { nodes: 1, depth: 0 };
    }
    open.add(value);
    let nodes = 1;
    let depth = 0;
    for (const child of Object.values(value)) {
      const inner = measure(child);
      nodes += inner.nodes;
      depth = Math.max(depth, inner.depth);
    }
    open.delete(value);
    const result = { nodes, depth: depth + 1 };
    known.set(value, result);
    return result;
  };

  const { nodes, depth } = measure(root);
  if (problem === undefined && nodes > MAX_NODES)
    problem = `it has more than ${MAX_NODES} values when aliases are written out`;
  if (problem === undefined && depth > MAX_DEPTH) problem = `it is nested more than ${MAX_DEPTH} deep`;
  return problem === undefined ? { kind: 'within', nodes } : { kind: 'beyond', reason: problem };
}
