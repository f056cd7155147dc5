import { type ChangedNames, NOTHING_CHANGED } from '../protocol/changed-names.ts';
import { difference } from '../protocol/set-algebra.ts';
import { ResourceSet } from '../resources/resource-set.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';

interface Served {
  readonly sets: ReadonlyMap<TypeUrl, ResourceSet>;
  readonly changed: ChangedNames;
}

/** What each node group has been served since the process began, as far as it decides which claims of returning clients are believed. */
export class ServedVersions {
  readonly #groups = new Map<string, Served>();

  /** Takes snapshots that streams are given, or would have been given, in this order. Returns what has changed in their group so far. */
  take(snapshots: readonly Snapshot[]): ChangedNames {
    let changed = NOTHING_CHANGED;
    for (const snapshot of snapshots) changed = this.#takeOne(snapshot);
    return changed;
  }

  #takeOne({ nodeGroup, resources }: Snapshot): ChangedNames {
    const before = this.#groups.get(nodeGroup);
    if (before?.sets === resources) return before.changed;
    const changed = before === undefined ? NOTHING_CHANGED : afterChange(before, resources);
    this.#groups.set(nodeGroup, { sets: resources, changed });
    return changed;
  }
}

/** What is gone counts too: it may come back. */
function afterChange(before: Served, now: ReadonlyMap<TypeUrl, ResourceSet>): ChangedNames {
  const changed = new Map(before.changed);
  for (const typeUrl of new Set([...before.sets.keys(), ...now.keys()])) {
    const step = difference(
      before.sets.get(typeUrl) ?? ResourceSet.EMPTY,
      now.get(typeUrl) ?? ResourceSet.EMPTY,
    );
    const names = [...step.changed.map(({ name }) => name), ...step.removed];
    if (names.length > 0) changed.set(typeUrl, withNewest(changed.get(typeUrl) ?? [], names));
  }
  return changed;
}

/** A fleet whose names come and go must not fill the memory: of very many the oldest are believed again. */
const MAX_CHANGED = 10_000;

function withNewest(before: Iterable<string>, names: readonly string[]): ReadonlySet<string> {
  const all = [...new Set(before).difference(new Set(names)), ...names];
  return new Set(all.slice(-MAX_CHANGED));
}
