import { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import { WILDCARD } from './name-set.ts';
import { isPlaceholder } from './placeholder.ts';

/** What leads from one set to another. */
export interface Difference {
  /** New or with another version. */
  readonly changed: readonly Resource[];
  readonly removed: readonly string[];
}

const NO_DIFFERENCE: Difference = { changed: [], removed: [] };

/**
 * Remembers `compute(a, b)` for as long as both objects live. All streams that hold the same set object share
 * one result, so the cost of a change does not grow with their number.
 */
export function memoizePair<A extends object, B extends object, Result>(
  compute: (a: A, b: B) => Result,
): (a: A, b: B) => Result {
  const table = new WeakMap<A, WeakMap<B, Result>>();
  return (a, b) => {
    let row = table.get(a);
    if (row === undefined) table.set(a, (row = new WeakMap()));
    let result = row.get(b);
    if (result === undefined) row.set(b, (result = compute(a, b)));
    return result;
  };
}

const computeDifference = memoizePair((from: ResourceSet, to: ResourceSet): Difference => {
  const changed: Resource[] = [];
  const removed: string[] = [];
  for (const [name, resource] of to.byName) {
    if (from.byName.get(name)?.version !== resource.version) changed.push(resource);
  }
  for (const name of from.byName.keys()) {
    if (!to.byName.has(name)) removed.push(name);
  }
  return changed.length === 0 && removed.length === 0 ? NO_DIFFERENCE : { changed, removed };
});

/** What must be sent to a client that has `from` so that it has `to`. */
export function difference(from: ResourceSet, to: ResourceSet): Difference {
  return from === to ? NO_DIFFERENCE : computeDifference(from, to);
}

const computeUnion = memoizePair((old: ResourceSet, next: ResourceSet): ResourceSet => {
  const { changed, removed } = difference(old, next);
  if (changed.length === 0) return old;
  if (removed.length === 0) return next;
  const byName = new Map(next.byName);
  for (const name of removed) {
    const kept = old.byName.get(name);
    if (kept !== undefined) byName.set(name, kept);
  }
  return new ResourceSet(byName);
});

/** `next`, and what only `old` has: the set between make and break. */
export function unionKeeping(old: ResourceSet, next: ResourceSet): ResourceSet {
  return old === next || old.size === 0 ? next : computeUnion(old, next);
}

/** The resources that a list of names asks for; names may be aliases. */
export const selectByName = memoizePair((set: ResourceSet, names: ReadonlySet<string>): ResourceSet => {
  const found: Resource[] = [];
  for (const name of names) {
    const resource = set.find(name);
    if (resource !== undefined) found.push(resource);
  }
  return ResourceSet.of(found);
});

/** `base` with some resources added or replaced. */
export const withResources = memoizePair((base: ResourceSet, resources: readonly Resource[]): ResourceSet => {
  if (resources.every(resource => base.byName.get(resource.name)?.version === resource.version)) return base;
  const byName = new Map(base.byName);
  for (const resource of resources) byName.set(resource.name, resource);
  return new ResourceSet(byName);
});

/** What a set has for names that must be answered. */
interface Answer {
  readonly resources: readonly Resource[];
  /** Names that it does not have; the wildcard is no name. */
  readonly missing: readonly string[];
}

/** Looks up names, which may be aliases. `*` is passed over, and so is what only the client has. */
export const answerFor = memoizePair((set: ResourceSet, names: ReadonlySet<string>): Answer => {
  const resources: Resource[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const resource = set.find(name);
    if (resource === undefined) {
      if (name !== WILDCARD) missing.push(name);
    } else if (!isPlaceholder(resource)) resources.push(resource);
  }
  return { resources, missing };
});

const computeJoined = memoizePair((a: readonly Resource[], b: readonly Resource[]): readonly Resource[] => [
  ...new Set([...a, ...b]),
]);

/** All of both, each once. */
export function joined(a: readonly Resource[], b: readonly Resource[]): readonly Resource[] {
  if (b.length === 0) return a;
  return a.length === 0 ? b : computeJoined(a, b);
}
