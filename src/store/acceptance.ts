import type { NodeIdentity } from '../resources/node.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { acceptedFiles } from './accepted-files.ts';
import { describeOutcome, guardedOutcome } from './describe-outcome.ts';
import { evaluateGroup } from './evaluate-group.ts';
import type { LoadOutcome } from './load-outcome.ts';
import type { Load } from './load.ts';
import { Membership, type FileGroup } from './membership.ts';
import { brokenFiles, placeFiles } from './place-files.ts';
import { shrinkOf } from './shrink-guard.ts';
import {
  placeNode,
  type GroupResult,
  type LatestSource,
  type Placement,
  type PublishedGroup,
  type StoreState,
  type View,
} from './store-state.ts';

/** What the decision needs beside the load. */
export interface AcceptContext {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** The connected proxies, one object each. */
  readonly nodes: readonly NodeIdentity[];
  /** False when the operator switched the guard off or confirmed this load. */
  readonly shrinkGuard: boolean;
}

/** Bounds the remembered proxies of groups that nobody is connected to. */
const MAX_SAMPLES = 256;

/**
 * Decides what a load changes. Pure. Each group is taken from the new load as a whole or stays as it is; a refused
 * load leaves the state as it is. Whatever `load.compile` throws is passed on, and nothing is changed then.
 */
export function acceptLoad(
  state: StoreState,
  load: Load,
  context: AcceptContext,
): { readonly state: StoreState; readonly outcome: LoadOutcome } {
  const shrink = context.shrinkGuard ? shrinkOf(state.accepted, load) : undefined;
  if (shrink !== undefined) return { state, outcome: guardedOutcome(load, shrink) };
  const refused = new Set(load.refused.map(diagnostic => diagnostic.file));
  const source: LatestSource = { kind: 'latest', load, broken: brokenFiles(load), refused };
  const { members, unplaced } = placeFiles(state.accepted, load, source.broken);
  const next =
    unplaced.length > 0
      ? blockedState(state, source, context)
      : nextState(state, source, sharedMembership(state, new Membership(members)), context);
  return { state: next, outcome: describeOutcome(state, next, source, unplaced) };
}

/**
 * Finds the snapshot of a node that connects, and compiles its group from the newest load if no node was in it
 * before. Pure; passes on what `load.compile` throws. `evaluated` is what was compiled, if anything.
 */
export function acceptNode(
  state: StoreState,
  node: NodeIdentity,
  nowMs: number,
): {
  readonly state: StoreState;
  readonly placement: Placement;
  readonly evaluated: GroupResult | undefined;
} {
  const [view, ...older] = state.views;
  const source = view?.source;
  const group = view?.membership?.groupOf(node);
  if (view === undefined || source?.kind !== 'latest' || group === undefined || group.files.length === 0) {
    return { state, placement: placeNode(state, node), evaluated: undefined };
  }
  let next = state;
  let evaluated: GroupResult | undefined;
  if (!view.groups.has(group.key)) {
    evaluated = evaluateGroup(source, group, {
      previous: previousOf(state, group.key),
      served: servedTo(state, [node]),
      nowMs,
    });
    next = {
      ...next,
      views: [{ ...view, groups: new Map(view.groups).set(group.key, evaluated) }, ...older],
    };
  }
  if (!next.samples.has(group.key) && next.samples.size < MAX_SAMPLES) {
    next = { ...next, samples: new Map(next.samples).set(group.key, node) };
  }
  return { state: next, placement: placeNode(next, node), evaluated };
}

/** The object of an earlier load with equal matchers, because it remembers where every node belongs. */
function sharedMembership(state: StoreState, membership: Membership): Membership {
  const same = state.views.find(view => view.membership?.signature === membership.signature);
  return same?.membership ?? membership;
}

/** The state after a load with a file that nobody can place: everything stays, and says so. */
function blockedState(state: StoreState, source: LatestSource, context: AcceptContext): StoreState {
  const view: View = { source, membership: undefined, groups: new Map() };
  const views = [view, ...state.views.map(asPast)];
  const next: StoreState = { ...state, views, treeHash: source.load.treeHash };
  return { ...next, views: neededViews(next, probesOf(state, context)) };
}

function nextState(
  state: StoreState,
  source: LatestSource,
  membership: Membership,
  context: AcceptContext,
): StoreState {
  const probes = [...membership.representatives, ...probesOf(state, context)];
  const groups = new Map<string, GroupResult>();
  for (const [key, { group, nodes }] of byGroup(membership, probes)) {
    const previous = previousOf(state, key);
    const served = servedTo(state, nodes);
    groups.set(key, evaluateGroup(source, group, { previous, served, nowMs: context.nowMs }));
  }
  const unpruned: StoreState = {
    views: [{ source, membership, groups }, ...state.views.map(asPast)],
    accepted: acceptedFiles(state.accepted, source, groups),
    samples: samplesOf(membership, [...context.nodes, ...state.samples.values()]),
    treeHash: source.load.treeHash,
  };
  return { ...unpruned, views: neededViews(unpruned, probes) };
}

/** The nodes of each group that has files. */
function byGroup(
  membership: Membership,
  probes: readonly NodeIdentity[],
): ReadonlyMap<string, { readonly group: FileGroup; readonly nodes: NodeIdentity[] }> {
  const groups = new Map<string, { readonly group: FileGroup; readonly nodes: NodeIdentity[] }>();
  for (const node of probes) {
    const group = membership.groupOf(node);
    if (group.files.length === 0) continue;
    const known = groups.get(group.key);
    if (known === undefined) groups.set(group.key, { group, nodes: [node] });
    else known.nodes.push(node);
  }
  return groups;
}

/** What nodes have been served so far, each snapshot once: files that are renamed or split make another group of the same nodes. */
function servedTo(state: StoreState, nodes: readonly NodeIdentity[]): readonly Snapshot[] {
  const served = new Set<Snapshot>();
  for (const node of nodes) {
    const placement = placeNode(state, node);
    if (placement.kind === 'served') served.add(placement.group.snapshot);
  }
  return [...served];
}

function asPast(view: View): View {
  return view.source.kind === 'latest' ? { ...view, source: { kind: 'past' } } : view;
}

/** The nodes that must keep what they have: connected ones, remembered ones, and those that older files were made for. */
function probesOf(state: StoreState, context: AcceptContext): readonly NodeIdentity[] {
  const made = state.views.flatMap(view => view.membership?.representatives ?? []);
  return [...context.nodes, ...state.samples.values(), ...made];
}

/** The newest view, and of older ones what a probe still needs. */
function neededViews(state: StoreState, probes: readonly NodeIdentity[]): readonly View[] {
  const needed = new Map<View, Set<string>>();
  for (const node of probes) {
    const placement = placeNode(state, node);
    if (placement.view === undefined) continue;
    const keys = needed.get(placement.view) ?? new Set();
    needed.set(placement.view, keys);
    if (placement.kind === 'served') keys.add(placement.key);
  }
  return state.views.flatMap((view, index) => {
    if (index === 0) return [view];
    const keys = needed.get(view);
    if (keys === undefined) return [];
    return [{ ...view, groups: new Map([...view.groups].filter(([key]) => keys.has(key))) }];
  });
}

function previousOf(state: StoreState, key: string): PublishedGroup | undefined {
  for (const view of state.views) {
    const result = view.groups.get(key);
    if (result?.kind === 'published') return result.group;
  }
  return undefined;
}

/** One proxy for each group that real proxies are or were in. */
function samplesOf(
  membership: Membership,
  nodes: readonly NodeIdentity[],
): ReadonlyMap<string, NodeIdentity> {
  const samples = new Map<string, NodeIdentity>();
  for (const node of nodes) {
    const { key, files } = membership.groupOf(node);
    if (files.length > 0 && !samples.has(key) && samples.size < MAX_SAMPLES) samples.set(key, node);
  }
  return samples;
}
