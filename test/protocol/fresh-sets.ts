import { ResourceSet } from '../../src/resources/resource-set.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';

/** Equal content in new objects, as a reload of the same files gives. */
export function withFreshSets(snapshot: Snapshot): Snapshot {
  const resources = [...snapshot.resources].map(
    ([typeUrl, set]) =>
      [typeUrl, ResourceSet.of([...set.byName.values()].map(entry => ({ ...entry })))] as const,
  );
  return { ...snapshot, resources: new Map(resources) };
}
