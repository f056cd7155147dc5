import type { Diagnostic } from '../resources/diagnostic.ts';
import type { NodeIdentity, NodeMatcher } from '../resources/node.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { Load } from './load.ts';
import type { Membership } from './membership.ts';

/** A file as it was when a group that has it was last published. */
export interface AcceptedFile {
  readonly path: string;
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  readonly matcher: NodeMatcher;
  readonly resourceCounts: ReadonlyMap<TypeUrl, number>;
}

/** A good snapshot of a group. */
export interface PublishedGroup {
  readonly snapshot: Snapshot;
  /** When this version was first published; milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** What one load says about one group. */
export type GroupResult =
  | { readonly kind: 'published'; readonly group: PublishedGroup; readonly warnings: readonly Diagnostic[] }
  | { readonly kind: 'held'; readonly files: readonly string[]; readonly diagnostics: readonly Diagnostic[] };

/**
 * Where a view comes from. `latest`: the newest load, from which further groups can be compiled; `broken` has the
 * errors of its files. `past`: an earlier load, kept for groups that the newest holds back. `disk`: last-known-good
 * that no load has confirmed.
 */
type ViewSource = LatestSource | { readonly kind: 'past' } | { readonly kind: 'disk' };

export interface LatestSource {
  readonly kind: 'latest';
  readonly load: Load;
  readonly broken: ReadonlyMap<string, readonly Diagnostic[]>;
  /** Those of the broken files that could not be taken at all. */
  readonly refused: ReadonlySet<string>;
}

/** What one load accepted: who gets which files, and the groups that were good. Nothing in it comes from another load. */
export interface View {
  readonly source: ViewSource;
  /** Undefined when a new file cannot be read, so that nobody knows whose group it changes: all groups are held back. */
  readonly membership: Membership | undefined;
  /** By node group key. */
  readonly groups: ReadonlyMap<string, GroupResult>;
}

/**
 * All that the store knows. A node's snapshot is that of the first view in which its group is published, so
 * it depends on nothing but the node's identity: a proxy that reconnects, or a new one of the same kind, gets what
 * its siblings have.
 */
export interface StoreState {
  /** Newest first. Older ones are there only for groups that all newer ones hold back. */
  readonly views: readonly View[];
  /** By path. What the shrink guard compares with, and the matchers of files that cannot be read now. */
  readonly accepted: ReadonlyMap<string, AcceptedFile>;
  /** For each group, by key, one real proxy that was in it: groups outlive their connections. */
  readonly samples: ReadonlyMap<string, NodeIdentity>;
  /** Of the newest load that was not refused; undefined before the first. */
  readonly treeHash: string | undefined;
}

export const EMPTY_STATE: StoreState = {
  views: [],
  accepted: new Map(),
  samples: new Map(),
  treeHash: undefined,
};

/** What the state has for a node. */
export type Placement =
  | { readonly kind: 'served'; readonly view: View; readonly key: string; readonly group: PublishedGroup }
  /**
   * Files match (none are known when all groups are held back), but there is no good snapshot. `view`: the one that
   * ended the search, because in it no file matches.
   */
  | { readonly kind: 'held'; readonly view: View | undefined; readonly files: readonly string[] }
  /** No file matches in `view`; undefined before the first load. */
  | { readonly kind: 'unmatched'; readonly view: View | undefined };

/** Finds the snapshot of a node: newest view first, older ones where the group is held back. Pure. */
export function placeNode(state: StoreState, node: NodeIdentity): Placement {
  let heldFiles: readonly string[] | undefined;
  let blocked = false;
  for (const view of state.views) {
    if (view.membership === undefined) {
      blocked = true;
      continue;
    }
    const { key, files } = view.membership.groupOf(node);
    if (files.length === 0) {
      // What older views had for the node was taken from it on purpose: the search ends.
      return heldFiles === undefined ? { kind: 'unmatched', view } : { kind: 'held', view, files: heldFiles };
    }
    const result = view.groups.get(key);
    if (result?.kind === 'published') return { kind: 'served', view, key, group: result.group };
    heldFiles ??= files;
  }
  if (heldFiles === undefined && !blocked) return { kind: 'unmatched', view: undefined };
  return { kind: 'held', view: undefined, files: heldFiles ?? [] };
}

/** Every published group of every view, newest view first. */
export function* publishedGroups(
  state: StoreState,
): Generator<{ readonly view: View; readonly key: string; readonly group: PublishedGroup }> {
  for (const view of state.views) {
    for (const [key, result] of view.groups) {
      if (result.kind === 'published') yield { view, key, group: result.group };
    }
  }
}
