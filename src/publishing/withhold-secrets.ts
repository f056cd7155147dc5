import { grantProblem } from '../resources/grant.ts';
import type { NodeIdentity } from '../resources/node.ts';
import { ResourceSet } from '../resources/resource-set.ts';
import { makeSnapshot, resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import { SECRET, type TypeUrl } from '../resources/type-url.ts';

/** Names of the secrets of a snapshot that a proxy may not have, sorted. Pure. */
export function withheldFrom(node: NodeIdentity, snapshot: Snapshot): readonly string[] {
  return [...snapshot.grants]
    .filter(([, grant]) => grantProblem(grant, node) !== undefined)
    .map(([name]) => name)
    .sort();
}

/** The snapshot as if these secrets did not exist; the same object when there are none. Pure. */
export function withoutSecrets(snapshot: Snapshot, names: readonly string[]): Snapshot {
  if (names.length === 0) return snapshot;
  const withheld = new Set(names);
  const kept = [...resourcesOf(snapshot, SECRET).byName.values()].filter(({ name }) => !withheld.has(name));
  const resources = new Map<TypeUrl, ResourceSet>(snapshot.resources).set(SECRET, ResourceSet.of(kept));
  const { files, pinnedVersion, auth, grants } = snapshot;
  return makeSnapshot(files, resources, { pinnedVersion, auth, grants });
}
