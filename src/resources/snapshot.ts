import { ResourceSet } from './resource-set.ts';
import type { SnapshotAuth } from './snapshot-auth.ts';
import type { TypeUrl } from './type-url.ts';
import { contentVersion, type Version } from './version.ts';

/** All resources of one node group. Immutable; shared by every stream of the group. */
export interface Snapshot {
  /** The key of the node group: its file paths, sorted and joined by `,`. */
  readonly nodeGroup: string;
  readonly files: readonly string[];
  /** Hash over the resources and the pinned version. */
  readonly version: Version;
  /** The operator's own `version:`; reported instead of hashes, never used to detect change. */
  readonly pinnedVersion: string | undefined;
  readonly resources: ReadonlyMap<TypeUrl, ResourceSet>;
  /** What is known of its auth chains; undefined for a snapshot without. */
  readonly auth: SnapshotAuth | undefined;
}

/** The set of a type; empty where the snapshot has none. */
export function resourcesOf(snapshot: Snapshot, typeUrl: TypeUrl): ResourceSet {
  return snapshot.resources.get(typeUrl) ?? ResourceSet.EMPTY;
}

/** Number of resources of all types. */
export function resourceCount(snapshot: Snapshot): number {
  let count = 0;
  for (const set of snapshot.resources.values()) count += set.size;
  return count;
}

/** Builds a snapshot and its version. */
export function makeSnapshot(
  files: readonly string[],
  resources: ReadonlyMap<TypeUrl, ResourceSet>,
  pinnedVersion?: string,
  auth?: SnapshotAuth,
): Snapshot {
  const parts = [...resources].filter(([, set]) => set.size > 0).map(([url, set]) => `${url} ${set.version}`);
  return {
    nodeGroup: nodeGroupKey(files),
    files: [...files].sort(),
    version: contentVersion([...parts.sort(), pinnedVersion ?? '']),
    pinnedVersion,
    resources,
    auth,
  };
}

/** The key of the node group that is made of these files. A comma in a name is escaped: no two groups share a key. */
export function nodeGroupKey(files: readonly string[]): string {
  return [...files]
    .sort()
    .map(path => path.replace(/[%,]/g, character => (character === '%' ? '%25' : '%2C')))
    .join(',');
}
