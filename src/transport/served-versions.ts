import { type ChangedNames, NOTHING_CHANGED } from '../protocol/changed-names.ts';
import { difference } from '../protocol/set-algebra.ts';
import { ResourceSet } from '../resources/resource-set.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';

type Sets = ReadonlyMap<TypeUrl, ResourceSet>;

interface Served {
  readonly files: readonly string[];
  readonly sets: Sets;
  readonly changed: ChangedNames;
}

/** A fleet whose names come and go must not fill the memory: of very many the oldest are believed again. */
const MAX_CHANGED = 10_000;
/** Groups that are remembered; those that are served are, whatever their number. */
const MAX_GROUPS = 1_000;

/** What each node group has been served since the process began, as far as it decides which claims of returning clients are believed. */
export class ServedVersions {
  readonly #groups = new Map<string, Served>();
  /** Streams of a group take turns with snapshots in the forms that they are given; each counts once. */
  readonly #taken = new WeakSet<Snapshot>();
  /** Keys of the groups of the newest load. */
  #current: ReadonlySet<string> = new Set();

  /** Takes the snapshots of all groups, as a load has left them. */
  takeLoad(snapshots: readonly Snapshot[]): void {
    const before = this.#current;
    const now = new Set(snapshots.map(({ nodeGroup }) => nodeGroup));
    this.#current = now;
    for (const snapshot of snapshots) this.#takeOne(snapshot);
    const [gone, added] = [before.difference(now), now.difference(before)];
    for (const earlier of gone) for (const key of now) this.#relate(earlier, key, added.has(key));
    for (const key of added) for (const earlier of before.difference(gone)) this.#relate(earlier, key, false);
  }

  /** Takes the snapshots that a stream is given, in this order. Returns what has changed in their group so far. */
  take(snapshots: readonly Snapshot[]): ChangedNames {
    let changed = NOTHING_CHANGED;
    for (const snapshot of snapshots) changed = this.#takeOne(snapshot);
    return changed;
  }

  #takeOne(snapshot: Snapshot): ChangedNames {
    const { nodeGroup, files, resources } = snapshot;
    const before = this.#groups.get(nodeGroup);
    // Going back to one that was taken changes only names that have changed already.
    if (before !== undefined && this.#taken.has(snapshot)) return before.changed;
    this.#taken.add(snapshot);
    const changed =
      before === undefined ? NOTHING_CHANGED : withDifference(before.changed, before.sets, resources);
    this.#keep(nodeGroup, { files, sets: resources, changed });
    return changed;
  }

  /**
   * A file that comes or goes makes another group of the same proxies: what they had in the one group counts in the other. Groups that both were and
   * are there have proxies of their own.
   * @param isReplaced the one is gone and the other is new: they need no file in common.
   */
  #relate(earlierKey: string, key: string, isReplaced: boolean): void {
    const [earlier, served] = [this.#groups.get(earlierKey), this.#groups.get(key)];
    if (earlier === undefined || served === undefined) return;
    if (!isReplaced && !earlier.files.some(file => served.files.includes(file))) return;
    const changed = withDifference(union(served.changed, earlier.changed), earlier.sets, served.sets);
    this.#keep(key, { ...served, changed });
  }

  #keep(key: string, served: Served): void {
    this.#groups.delete(key);
    this.#groups.set(key, served);
    if (this.#groups.size <= MAX_GROUPS) return;
    const oldest = this.#groups.keys().find(known => known !== key && !this.#current.has(known));
    if (oldest !== undefined) this.#groups.delete(oldest);
  }
}

/** What is gone counts too: it may come back. */
function withDifference(changed: ChangedNames, before: Sets, now: Sets): ChangedNames {
  const names = new Map<TypeUrl, ReadonlySet<string>>();
  for (const typeUrl of new Set([...before.keys(), ...now.keys()])) {
    const step = difference(before.get(typeUrl) ?? ResourceSet.EMPTY, now.get(typeUrl) ?? ResourceSet.EMPTY);
    names.set(typeUrl, new Set([...step.changed.map(({ name }) => name), ...step.removed]));
  }
  return union(changed, names);
}

/** The names of `newer` count as the newest. */
function union(older: ChangedNames, newer: ChangedNames): ChangedNames {
  const all = new Map(older);
  for (const [typeUrl, names] of newer) {
    if (names.size === 0) continue;
    const known = all.get(typeUrl) ?? new Set<string>();
    all.set(typeUrl, new Set([...known.difference(names), ...names].slice(-MAX_CHANGED)));
  }
  return all;
}
