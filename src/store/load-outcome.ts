import type { Diagnostic } from '../resources/diagnostic.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { TypeChanges } from './resource-changes.ts';
import type { Shrink } from './shrink-guard.ts';

/**
 * `ok`: everything is accepted and something changed. `unchanged`: everything is accepted and nothing is different.
 * `invalid`: at least one group is held back. `guarded`: refused as a whole until confirmed.
 */
export type LoadResult = 'ok' | 'unchanged' | 'invalid' | 'guarded';

/** A group that keeps what it had, because of an error. */
export interface HeldGroup {
  /** The node group key; of the group as it was, when a file nobody can place holds back all groups. */
  readonly key: string;
  readonly files: readonly string[];
  /** The errors that hold it back. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What became of a load. */
export interface LoadOutcome {
  readonly result: LoadResult;
  readonly treeHash: string;
  /** Sorted by key. */
  readonly heldGroups: readonly HeldGroup[];
  /** Keys of the groups whose published snapshot is new or different, sorted. */
  readonly changedGroups: readonly string[];
  /** Errors and warnings of files, groups and the guard; sorted, each once. */
  readonly diagnostics: readonly Diagnostic[];
  /** What changed in what is served, by type; types without change are left out. */
  readonly changes: ReadonlyMap<TypeUrl, TypeChanges>;
  /** Why it is `guarded`. */
  readonly shrink: Shrink | undefined;
}
