import { ResourceSet } from '../resources/resource-set.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { Version } from '../resources/version.ts';

/** Numbers of resource names of one type. */
export interface TypeChanges {
  readonly add: number;
  readonly update: number;
  readonly remove: number;
}

/**
 * Counts the names that differ between two states of all groups, each name once however many groups have it.
 * Sets that both states share are not looked at, so a name that leaves one group and stays in an unchanged one counts
 * as removed. Types without change are left out.
 */
export function countChanges(
  before: Iterable<Snapshot>,
  after: Iterable<Snapshot>,
): ReadonlyMap<TypeUrl, TypeChanges> {
  const oldSets = setsByType(before);
  const newSets = setsByType(after);
  const changes = new Map<TypeUrl, TypeChanges>();
  for (const typeUrl of new Set([...oldSets.keys(), ...newSets.keys()])) {
    const olds = oldSets.get(typeUrl) ?? new Set();
    const news = newSets.get(typeUrl) ?? new Set();
    const change = compareAll([...olds.difference(news)], [...news.difference(olds)]);
    if (change.add + change.update + change.remove > 0) changes.set(typeUrl, change);
  }
  return changes;
}

function setsByType(snapshots: Iterable<Snapshot>): Map<TypeUrl, Set<ResourceSet>> {
  const byType = new Map<TypeUrl, Set<ResourceSet>>();
  for (const snapshot of snapshots) {
    for (const [typeUrl, set] of snapshot.resources) {
      const sets = byType.get(typeUrl);
      if (sets === undefined) byType.set(typeUrl, new Set([set]));
      else sets.add(set);
    }
  }
  return byType;
}

function compareAll(olds: readonly ResourceSet[], news: readonly ResourceSet[]): TypeChanges {
  const [old = ResourceSet.EMPTY] = olds;
  const [now = ResourceSet.EMPTY] = news;
  if (olds.length <= 1 && news.length <= 1) return compareSets(old, now);
  return compare(versionsByName(olds), versionsByName(news));
}

type VersionsByName = ReadonlyMap<string, ReadonlySet<Version>>;

/** One set on either side, as when one group changed: nothing has to be collected. */
function compareSets(before: ResourceSet, after: ResourceSet): TypeChanges {
  let add = 0;
  let update = 0;
  for (const [name, { version }] of after.byName) {
    const old = before.byName.get(name);
    if (old === undefined) add++;
    else if (old.version !== version) update++;
  }
  return { add, update, remove: before.size + add - after.size };
}

function versionsByName(sets: Iterable<ResourceSet>): VersionsByName {
  const byName = new Map<string, Set<Version>>();
  for (const set of sets) {
    for (const { name, version } of set.byName.values()) {
      const versions = byName.get(name);
      if (versions === undefined) byName.set(name, new Set([version]));
      else versions.add(version);
    }
  }
  return byName;
}

function compare(before: VersionsByName, after: VersionsByName): TypeChanges {
  let add = 0;
  let update = 0;
  for (const [name, versions] of after) {
    const old = before.get(name);
    if (old === undefined) add++;
    else if (old.symmetricDifference(versions).size > 0) update++;
  }
  let remove = 0;
  for (const name of before.keys()) if (!after.has(name)) remove++;
  return { add, update, remove };
}
