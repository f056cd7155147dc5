import type { ResourceSet } from '../resources/resource-set.ts';
import { resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import { LISTENER, type TypeUrl } from '../resources/type-url.ts';

/** What an edit does to the resources of one type, by name. */
export interface ResourceDifference {
  readonly typeUrl: TypeUrl;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** The types in which two snapshots differ. */
export function diffResources(before: Snapshot, after: Snapshot): readonly ResourceDifference[] {
  const typeUrls = new Set([...before.resources.keys(), ...after.resources.keys()]);
  return [...typeUrls]
    .map(typeUrl => diffSets(typeUrl, resourcesOf(before, typeUrl), resourcesOf(after, typeUrl)))
    .filter(({ added, changed, removed }) => added.length + changed.length + removed.length > 0);
}

function diffSets(typeUrl: TypeUrl, before: ResourceSet, after: ResourceSet): ResourceDifference {
  const names = [...after.byName.keys()];
  return {
    typeUrl,
    added: names.filter(name => !before.byName.has(name)),
    changed: names.filter(name => {
      const was = before.byName.get(name);
      return was !== undefined && was.version !== after.byName.get(name)?.version;
    }),
    removed: [...before.byName.keys()].filter(name => !after.byName.has(name)),
  };
}

/** The listeners whose connections an edit drains: those that change and those that go. */
export function drainedListeners(differences: readonly ResourceDifference[]): readonly string[] {
  return differences
    .filter(({ typeUrl }) => typeUrl === LISTENER)
    .flatMap(({ changed, removed }) => [...changed, ...removed]);
}
