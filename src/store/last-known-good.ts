import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { readIfThere } from '../platform/read-if-there.ts';
import type { Resource } from '../resources/resource.ts';
import { nodeGroupKey, type Snapshot } from '../resources/snapshot.ts';
import { syncDirectory, TEMPORARY_SUFFIX, writeFileAtomic } from '../platform/atomic-file.ts';
import { decodeGroup, encodeGroup } from './group-codec.ts';
import {
  decodeIndex,
  encodeIndex,
  type IndexedGroup,
  type IndexedView,
  type StoreIndex,
} from './index-codec.ts';
import { Membership } from './membership.ts';
import { corrupt } from './sealed-file.ts';
import type { StateCipher } from './state-cipher.ts';
import type { StateDirectory } from './state-directory.ts';
import { EMPTY_STATE, publishedGroups, type GroupResult, type StoreState, type View } from './store-state.ts';

/** What saving reports. Wired to logs and metrics; must not throw. */
export interface LastKnownGoodObserver {
  /** The newest state is on disk. `groupFiles`: how many files of groups were written, the others were there. */
  saved(groupFiles: number): void;
  /** The newest state is not on disk; the one before is. Tried again with the next change. */
  saveFailed(error: AuthplaneError): void;
}

/** What it works with. */
export interface LastKnownGoodParts {
  readonly directory: StateDirectory;
  readonly observer: LastKnownGoodObserver;
  readonly cipher: StateCipher;
}

/** What a restart found. */
export interface Restored {
  /** Empty when nothing was saved or the index cannot be used. */
  readonly state: StoreState;
  /** One for each file that was refused: STATE_CORRUPT, or STATE_DIR_UNUSABLE when it cannot be read. */
  readonly problems: readonly AuthplaneError[];
}

const INDEX = 'index';
const GROUP_SUFFIX = '.group';

/**
 * Keeps the state of the store on disk, in `last-known-good/` of the state directory (0700): a file for each
 * snapshot, named by its content and never changed, and an index (all 0600). The index is replaced last, so what it names is
 * always there. Opened by `LastKnownGood.open`.
 */
export class LastKnownGood {
  readonly #directory: StateDirectory;
  readonly #path: string;
  readonly #observer: LastKnownGoodObserver;
  readonly #cipher: StateCipher;
  /** Snapshots that were encoded before. */
  readonly #fileNames = new WeakMap<Snapshot, string>();
  /** Files with the right name and the wrong content. */
  readonly #refused = new Set<string>();
  #writtenIndex: Buffer | undefined;
  #next: StoreState | undefined;
  #running: Promise<void> | undefined;

  private constructor(path: string, { directory, observer, cipher }: LastKnownGoodParts) {
    this.#directory = directory;
    this.#path = path;
    this.#observer = observer;
    this.#cipher = cipher;
  }

  /** @throws AuthplaneError STATE_DIR_UNUSABLE. */
  static async open(parts: LastKnownGoodParts): Promise<LastKnownGood> {
    return new LastKnownGood(await parts.directory.privateDirectory('last-known-good'), parts);
  }

  /** Reads what was saved. What cannot be used is a problem in the result, and the rest is still read. */
  async load(): Promise<Restored> {
    const problems: AuthplaneError[] = [];
    const index = await this.#attempt(INDEX, problems, async () => {
      const bytes = await readIfThere(join(this.#path, INDEX));
      return bytes && decodeIndex(INDEX, this.#cipher.decrypt(INDEX, bytes));
    });
    if (index === undefined) return { state: EMPTY_STATE, problems };
    const snapshots = await this.#readGroups(index, problems);
    return { state: stateOf(index, snapshots), problems };
  }

  /** Takes over the newest state and writes it soon; of states that come while one is written only the last is. */
  save(state: StoreState): void {
    this.#next = state;
    this.#running ??= this.#run();
  }

  /** Waits until everything saved so far is on disk, or was reported as failed. */
  async flush(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#next !== undefined) {
      const state = this.#next;
      this.#next = undefined;
      try {
        const groupFiles = await this.#write(state);
        this.#observer.saved(groupFiles);
      } catch (thrown) {
        this.#observer.saveFailed(asUnusable('last-known-good cannot be saved', thrown));
      }
    }
    // In the same turn as the last look at #next, or a state that comes between would wait for the one after it.
    this.#running = undefined;
  }

  async #write(state: StoreState): Promise<number> {
    await this.#directory.assertHeld();
    const there = new Set(await readdir(this.#path));
    const names = new Set<string>([INDEX]);
    let written = 0;
    for (const { group } of publishedGroups(state)) {
      const name = this.#fileNames.get(group.snapshot);
      if (name !== undefined && there.has(name) && !this.#refused.has(name)) names.add(name);
      else if (await this.#writeGroup(group.snapshot, names, there)) written++;
    }
    const index = encodeIndex(state, ({ snapshot }) => this.#fileNames.get(snapshot) ?? '');
    if (this.#writtenIndex?.equals(index) !== true || !there.has(INDEX)) {
      await writeFileAtomic(join(this.#path, INDEX), this.#cipher.encrypt(INDEX, index));
      this.#writtenIndex = index;
    }
    await this.#removeOthers(there, names);
    return written;
  }

  /** Adds the name to `names`; true when the file was not there. */
  async #writeGroup(snapshot: Snapshot, names: Set<string>, there: ReadonlySet<string>): Promise<boolean> {
    const bytes = encodeGroup(snapshot);
    const name = `${this.#cipher.nameOf(bytes)}${GROUP_SUFFIX}`;
    const missing = !names.has(name) && (!there.has(name) || this.#refused.has(name));
    if (missing) await writeFileAtomic(join(this.#path, name), this.#cipher.encrypt(name, bytes));
    this.#refused.delete(name);
    this.#fileNames.set(snapshot, name);
    names.add(name);
    return missing;
  }

  /** Removes files of groups that the index no longer names, and what a crash left half-written. */
  async #removeOthers(there: ReadonlySet<string>, names: ReadonlySet<string>): Promise<void> {
    const old = [...there].filter(
      name => !names.has(name) && (name.endsWith(GROUP_SUFFIX) || name.endsWith(TEMPORARY_SUFFIX)),
    );
    for (const name of old) await rm(join(this.#path, name), { force: true });
    if (old.length > 0) await syncDirectory(this.#path);
  }

  async #readGroups(index: StoreIndex, problems: AuthplaneError[]): Promise<ReadonlyMap<string, Snapshot>> {
    const snapshots = new Map<string, Snapshot>();
    const shared = new Map<string, Resource>();
    for (const group of index.views.flatMap(view => view.groups)) {
      const { fileName } = group;
      if (snapshots.has(fileName) || this.#refused.has(fileName)) continue;
      const snapshot = await this.#attempt(fileName, problems, () => this.#readGroup(group, shared));
      if (snapshot === undefined) {
        this.#refused.add(fileName);
      } else {
        snapshots.set(fileName, snapshot);
        this.#fileNames.set(snapshot, fileName);
      }
    }
    return snapshots;
  }

  async #readGroup(group: IndexedGroup, shared: Map<string, Resource>): Promise<Snapshot> {
    const { fileName } = group;
    if (!/^[0-9a-f]{40}\.group$/.test(fileName))
      throw corrupt(INDEX, 'it names a file that is not one of a group');
    const bytes = this.#cipher.decrypt(fileName, await readFile(join(this.#path, fileName)));
    const snapshot = decodeGroup(fileName, bytes, shared);
    if (snapshot.nodeGroup !== nodeGroupKey(group.files) || snapshot.version !== group.version) {
      throw corrupt(fileName, 'it holds another group than the index says');
    }
    return snapshot;
  }

  async #attempt<T>(
    name: string,
    problems: AuthplaneError[],
    read: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await read();
    } catch (thrown) {
      problems.push(asUnusable(`last-known-good file ${name} cannot be read`, thrown));
      return undefined;
    }
  }
}

function stateOf(index: StoreIndex, snapshots: ReadonlyMap<string, Snapshot>): StoreState {
  const views = index.views.map((view): View => {
    const membership = new Membership(view.members);
    return { source: { kind: 'disk' }, membership, groups: groupsOf(view, snapshots) };
  });
  const newest = views[0]?.membership;
  const samples =
    newest === undefined ? [] : index.samples.map(node => [newest.groupOf(node).key, node] as const);
  return { views, accepted: index.accepted, samples: new Map(samples), treeHash: index.treeHash };
}

function groupsOf(
  view: IndexedView,
  snapshots: ReadonlyMap<string, Snapshot>,
): ReadonlyMap<string, GroupResult> {
  const groups = new Map<string, GroupResult>();
  for (const { files, sinceMs, fileName } of view.groups) {
    const snapshot = snapshots.get(fileName);
    if (snapshot === undefined) continue;
    groups.set(nodeGroupKey(files), { kind: 'published', group: { snapshot, sinceMs }, warnings: [] });
  }
  return groups;
}

function asUnusable(what: string, thrown: unknown): AuthplaneError {
  if (thrown instanceof AuthplaneError) return thrown;
  return new AuthplaneError('STATE_DIR_UNUSABLE', `${what}: ${messageOf(thrown)}`, { cause: thrown });
}
