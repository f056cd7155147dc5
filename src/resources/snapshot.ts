import { ResourceSet } from './resource-set.ts';
import type { Grant } from './grant.ts';
import type { SnapshotAuth } from './snapshot-auth.ts';
import type { TypeUrl } from './type-url.ts';
import { contentVersion, type Version } from './version.ts';

/** All resources of one node group. Immutable; shared by every stream of the group. */
export interface Snapshot {
  /** The key of the node group: its file paths, sorted and joined by `,`. */
  readonly nodeGroup: string;
  readonly files: readonly string[];
  /** Hash over the resources, the pinned version and the grants. */
  readonly version: Version;
  /** The operator's own `version:`; reported instead of hashes, never used to detect change. */
  readonly pinnedVersion: string | undefined;
  readonly resources: ReadonlyMap<TypeUrl, ResourceSet>;
  /** What is known of its auth chains; undefined for a snapshot without. */
  readonly auth: SnapshotAuth | undefined;
  /** Secrets that only some proxies of the group may have, by name; the others are for all. */
  readonly grants: ReadonlyMap<string, Grant>;
}

/** What a snapshot may have beside its resources. */
export type SnapshotExtras = Partial<Pick<Snapshot, 'pinnedVersion' | 'auth' | 'grants'>>;

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
  { pinnedVersion, auth, grants = new Map() }: SnapshotExtras = {},
): Snapshot {
  const parts = [...resources].filter(([, set]) => set.size > 0).map(([url, set]) => `${url} ${set.version}`);
  return {
    nodeGroup: nodeGroupKey(files),
    files: [...files].sort(),
    version: contentVersion([...parts.sort(), pinnedVersion ?? '', ...grantParts(grants)]),
    pinnedVersion,
    resources,
    auth,
    grants,
  };
}

/** A grant that changes is a change, although no resource is another one. */
function grantParts(grants: ReadonlyMap<string, Grant>): readonly string[] {
  return [...grants].map(([name, { spiffe, groups }]) => JSON.stringify([name, spiffe, groups])).sort();
}

/** The key of the node group that is made of these files. A comma in a name is escaped: no two groups share a key. */
export function nodeGroupKey(files: readonly string[]): string {
  return [...files]
    .sort()
    .map(path => path.replace(/[%,]/g, character => (character === '%' ? '%25' : '%2C')))
    .join(',');
}
