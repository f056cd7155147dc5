import type { Resource } from './resource.ts';
import { contentVersion, type Version } from './version.ts';

/**
 * The resources of one type, immutable. Sets are compared by identity first, so snapshots keep the
 * same object for a type whose content did not change.
 */
export class ResourceSet {
  static readonly EMPTY = new ResourceSet(new Map());

  readonly byName: ReadonlyMap<string, Resource>;
  #version: Version | undefined;
  #byAlias: ReadonlyMap<string, Resource> | undefined;

  constructor(byName: ReadonlyMap<string, Resource>) {
    this.byName = byName;
  }

  /** @throws nothing; of two resources with one name the last one wins (the checker refuses duplicates before). */
  static of(resources: Iterable<Resource>): ResourceSet {
    const byName = new Map<string, Resource>();
    for (const resource of resources) byName.set(resource.name, resource);
    return byName.size === 0 ? ResourceSet.EMPTY : new ResourceSet(byName);
  }

  get size(): number {
    return this.byName.size;
  }

  /** Hash of all names and versions; computed when first asked for. Order does not matter. */
  get version(): Version {
    return (this.#version ??= contentVersion(
      [...this.byName.values()].map(resource => `${resource.name}\n${resource.version}`).sort(),
    ));
  }

  /** By name or alias. */
  find(nameOrAlias: string): Resource | undefined {
    return this.byName.get(nameOrAlias) ?? this.#aliases().get(nameOrAlias);
  }

  #aliases(): ReadonlyMap<string, Resource> {
    if (this.#byAlias === undefined) {
      const byAlias = new Map<string, Resource>();
      for (const resource of this.byName.values()) {
        for (const alias of resource.aliases) byAlias.set(alias, resource);
      }
      this.#byAlias = byAlias;
    }
    return this.#byAlias;
  }
}
