import { readSecret, type SecretContent } from '../certificates/secret-content.ts';
import type { Clock } from '../platform/clock.ts';
import type { NodeIdentity } from '../resources/node.ts';
import type { Resource } from '../resources/resource.ts';
import { nodeGroupKey, resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import { SECRET, type TypeUrl } from '../resources/type-url.ts';
import type { Version } from '../resources/version.ts';
import { acceptLoad, acceptNode } from './acceptance.ts';
import type {
  CertificateStatus,
  GroupState,
  GroupStatus,
  NodeWithout,
  ServedSecret,
} from './group-status.ts';
import type { LoadOutcome } from './load-outcome.ts';
import type { Load } from './load.ts';
import { nodeKey } from './node-key.ts';
import type { ShrinkConfirmation } from './shrink-confirmation.ts';
import type { Shrink } from './shrink-guard.ts';
import type { SnapshotSource } from './snapshot-source.ts';
import type { StoreObserver } from './store-observer.ts';
import {
  EMPTY_STATE,
  placeNode,
  publishedGroups,
  type Placement,
  type PublishedGroup,
  type StoreState,
  type View,
} from './store-state.ts';

/** What the store works with. */
export interface ResourceStoreParts {
  readonly clock: Clock;
  readonly observer: StoreObserver;
  /** Told about every new state that a restart should find again. Must not throw. Default: nothing is kept. */
  readonly save?: (state: StoreState) => void;
  /** Where an operator confirms a guarded load. Default: it cannot be confirmed. */
  readonly confirmation?: ShrinkConfirmation;
  /** What a restart found. Default: nothing. */
  readonly restored?: StoreState;
}

export interface ResourceStoreOptions {
  /** Refuse loads that look like an accident. Default: true. */
  readonly shrinkGuard?: boolean;
}

/** A connected node, however many streams it has. */
interface Follower {
  readonly node: NodeIdentity;
  placement: Placement;
  /** What it was given; stays when no file matches it any more. */
  group: PublishedGroup | undefined;
  streams: number;
}

interface Stream {
  readonly follower: Follower;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  /** Content last given to it. */
  given: Version | undefined;
}

/**
 * The current snapshot of every node: takes loads in, gives snapshots out. A node never loses what it has; a load
 * with errors changes only the groups that are good in it.
 */
export class ResourceStore implements SnapshotSource {
  readonly #parts: ResourceStoreParts;
  readonly #shrinkGuard: boolean;
  #state: StoreState;
  #guarded: { readonly load: Load; readonly shrink: Shrink } | undefined;
  readonly #followers = new Map<string, Follower>();
  /** In the order in which they joined, which is the order of calls. */
  readonly #streams = new Set<Stream>();

  constructor(parts: ResourceStoreParts, options: ResourceStoreOptions = {}) {
    this.#parts = parts;
    this.#shrinkGuard = options.shrinkGuard ?? true;
    this.#state = parts.restored ?? EMPTY_STATE;
  }

  /**
   * Follows the snapshot of a node: called at once when there is one, then when its content changes. What the callback
   * throws goes to the observer. Disposing ends it.
   * @throws what `compile` of the newest load throws, for a group that no node was in before.
   */
  join(node: NodeIdentity, onSnapshot: (snapshot: Snapshot) => void): Disposable {
    const key = nodeKey(node);
    let follower = this.#followers.get(key);
    if (follower === undefined) {
      const placement = this.#admit(node);
      const group = placement.kind === 'served' ? placement.group : undefined;
      follower = { node, placement, group, streams: 0 };
      this.#followers.set(key, follower);
    }
    follower.streams++;
    const stream: Stream = { follower, onSnapshot, given: undefined };
    this.#streams.add(stream);
    this.#give(stream);
    return { [Symbol.dispose]: () => this.#leave(key, stream) };
  }

  /**
   * Takes a load: changes the groups that are good in it, then calls the streams whose content changed.
   * @throws what `load.compile` throws; nothing is changed then.
   */
  apply(load: Load): LoadOutcome {
    return this.#apply(load, this.#shrinkGuard);
  }

  /**
   * Takes the guarded load if an operator has confirmed it; the confirmation is used up. Undefined when there is
   * nothing to take.
   * @throws what the confirmation throws; nothing is changed then.
   */
  async recheck(): Promise<LoadOutcome | undefined> {
    const { confirmation } = this.#parts;
    if (confirmation === undefined || this.guarded() === undefined) return undefined;
    const confirmed = await confirmation.read();
    if (confirmed === undefined || confirmed !== this.guarded()?.treeHash) return undefined;
    await confirmation.clear();
    const load = this.#guarded?.load;
    return load?.treeHash === confirmed ? this.#apply(load, false) : undefined;
  }

  /** The load that waits for a confirmation. */
  guarded(): { readonly treeHash: string; readonly shrink: Shrink } | undefined {
    return this.#guarded && { treeHash: this.#guarded.load.treeHash, shrink: this.#guarded.shrink };
  }

  /** Every snapshot that is served, sorted by key; the newest of a key first. */
  groups(): readonly GroupStatus[] {
    const nodes = new Map<PublishedGroup, number>();
    for (const { group } of this.#followers.values()) {
      if (group !== undefined) nodes.set(group, (nodes.get(group) ?? 0) + 1);
    }
    const status: GroupStatus[] = [];
    for (const { view, group } of publishedGroups(this.#state)) {
      status.push(statusOf(group, stateOf(view, this.#state), nodes.get(group) ?? 0));
      nodes.delete(group);
    }
    for (const [group, count] of nodes) status.push(statusOf(group, 'orphaned', count));
    return status.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  /** Every snapshot that is served. */
  snapshots(): readonly Snapshot[] {
    return [...publishedGroups(this.#state)].map(({ group }) => group.snapshot);
  }

  /** What a connected node is served now, whether or not it has it yet. */
  snapshotOf(node: NodeIdentity): Snapshot | undefined {
    return this.#followers.get(nodeKey(node))?.group?.snapshot;
  }

  /** The connected nodes that no current snapshot fits, in the order in which they joined. */
  nodesWithout(): readonly NodeWithout[] {
    const without: NodeWithout[] = [];
    for (const { node, placement, group } of this.#followers.values()) {
      if (placement.kind === 'served') continue;
      const version = group?.snapshot.version;
      const files = placement.kind === 'held' ? placement.files : [];
      without.push({ node, reason: this.#reason(placement, group), files, version });
    }
    return without;
  }

  /** Every secret that is served, by group and name. */
  secrets(): readonly ServedSecret[] {
    return [...publishedGroups(this.#state)].flatMap(({ key, group }) =>
      [...resourcesOf(group.snapshot, SECRET).byName.values()].map(secret => ({
        group: key,
        name: secret.name,
        version: secret.version,
        origin: secret.origin,
        grant: group.snapshot.grants.get(secret.name),
        ...contentOf(secret),
      })),
    );
  }

  /** A resource of a group as it is served now, to find where an operator wrote it. By name or alias. */
  lookup(groupKey: string, typeUrl: TypeUrl, name: string): Resource | undefined {
    for (const { key, group } of publishedGroups(this.#state)) {
      if (key === groupKey) return resourcesOf(group.snapshot, typeUrl).find(name);
    }
    return undefined;
  }

  #apply(load: Load, shrinkGuard: boolean): LoadOutcome {
    const nodes = [...this.#followers.values()].map(({ node }) => node);
    const context = { nowMs: this.#parts.clock.nowMs(), nodes, shrinkGuard };
    const { state, outcome } = acceptLoad(this.#state, load, context);
    this.#guarded = outcome.shrink && { load, shrink: outcome.shrink };
    if (outcome.result === 'guarded') return outcome;
    this.#keep(state);
    for (const follower of this.#followers.values()) {
      follower.placement = placeNode(state, follower.node);
      if (follower.placement.kind === 'served') follower.group = follower.placement.group;
    }
    // A copy: callbacks may join and leave.
    for (const stream of [...this.#streams]) this.#give(stream);
    return outcome;
  }

  #admit(node: NodeIdentity): Placement {
    const { state, placement, evaluated } = acceptNode(this.#state, node, this.#parts.clock.nowMs());
    if (state !== this.#state) this.#keep(state);
    if (evaluated?.kind === 'held') {
      const { files, diagnostics } = evaluated;
      this.#parts.observer.groupHeld({ key: nodeGroupKey(files), files, diagnostics });
    }
    return placement;
  }

  #keep(state: StoreState): void {
    this.#state = state;
    this.#parts.save?.(state);
  }

  #give(stream: Stream): void {
    const snapshot = stream.follower.group?.snapshot;
    if (snapshot === undefined || snapshot.version === stream.given || !this.#streams.has(stream)) return;
    stream.given = snapshot.version;
    try {
      stream.onSnapshot(snapshot);
    } catch (thrown) {
      this.#parts.observer.callbackFailed(stream.follower.node, thrown);
    }
  }

  #leave(key: string, stream: Stream): void {
    if (!this.#streams.delete(stream)) return;
    const { follower } = stream;
    follower.streams--;
    if (follower.streams === 0) this.#followers.delete(key);
  }

  #reason(placement: Placement, group: PublishedGroup | undefined): NodeWithout['reason'] {
    if (group !== undefined) return 'orphaned';
    if (this.#state.views.length === 0) return 'not-loaded';
    return placement.kind === 'held' ? 'held' : 'unmatched';
  }
}

function stateOf(view: View, state: StoreState): GroupState {
  if (view.source.kind === 'disk') return 'stale-source';
  return view === state.views[0] ? 'current' : 'held';
}

function statusOf(group: PublishedGroup, state: GroupState, nodes: number): GroupStatus {
  const { nodeGroup, files, version, pinnedVersion, resources, auth } = group.snapshot;
  const resourceCounts = new Map([...resources].map(([typeUrl, set]) => [typeUrl, set.size]));
  return {
    key: nodeGroup,
    files,
    version,
    pinnedVersion,
    resourceCounts,
    certificates: certificatesOf(resources.get(SECRET)?.byName),
    publicRoutes: (auth?.routes ?? []).filter(({ posture }) => posture.kind === 'public'),
    state,
    nodes,
    sinceMs: group.sinceMs,
  };
}

/** Secrets are parsed once; resources are shared by all snapshots that have them. */
const contents = new WeakMap<Resource, SecretContent>();

function contentOf(secret: Resource): SecretContent {
  let content = contents.get(secret);
  if (content === undefined) contents.set(secret, (content = readSecret(secret.body)));
  return content;
}

function certificatesOf(secrets: ReadonlyMap<string, Resource> = new Map()): readonly CertificateStatus[] {
  return [...secrets.values()].flatMap(secret => {
    const { kind, notAfterMs } = contentOf(secret);
    // CAs to trust are left out: old ones stay in a bundle while it is rotated.
    return kind === 'certificate' && notAfterMs !== undefined ? [{ name: secret.name, notAfterMs }] : [];
  });
}
