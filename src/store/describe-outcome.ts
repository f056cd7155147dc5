import { compareDiagnostics, type Diagnostic } from '../resources/diagnostic.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { HeldGroup, LoadOutcome } from './load-outcome.ts';
import type { Load } from './load.ts';
import { countChanges } from './resource-changes.ts';
import { describeEmptyLoad, describeShrink, describeUnplaced } from './load-diagnostics.ts';
import type { Shrink } from './shrink-guard.ts';
import { publishedGroups, type LatestSource, type StoreState } from './store-state.ts';

/** The outcome of a load that the shrink guard refused. */
export function guardedOutcome(load: Load, shrink: Shrink): LoadOutcome {
  return {
    result: 'guarded',
    treeHash: load.treeHash,
    heldGroups: [],
    changedGroups: [],
    diagnostics: tidy([...fileDiagnostics(load), ...describeShrink(shrink, load.treeHash)]),
    changes: new Map(),
    shrink,
  };
}

/** The outcome of a load that led from one state to the next. `unplaced`: the files that hold back all groups. */
export function describeOutcome(
  before: StoreState,
  after: StoreState,
  source: LatestSource,
  unplaced: readonly string[],
): LoadOutcome {
  const { load } = source;
  const heldGroups = [
    ...heldBySome(after),
    ...(unplaced.length === 0 ? [] : heldByAll(after, source, unplaced)),
  ];
  const diagnostics = tidy([
    ...fileDiagnostics(load),
    ...unplaced.map(describeUnplaced),
    ...(load.files.length === 0 && load.refused.length === 0 ? [describeEmptyLoad()] : []),
    ...warningsOf(after),
    ...heldGroups.flatMap(group => group.diagnostics),
  ]);
  const old = versionsByKey(before);
  const now = versionsByKey(after);
  const changedGroups = [...now].filter(([key, versions]) => old.get(key) !== versions).map(([key]) => key);
  const changed = changedGroups.length > 0 || [...old.keys()].some(key => !now.has(key));
  const invalid = heldGroups.length > 0 || diagnostics.some(({ severity }) => severity === 'error');
  return {
    result: invalid ? 'invalid' : changed ? 'ok' : 'unchanged',
    treeHash: load.treeHash,
    heldGroups: heldGroups.sort((a, b) => (a.key < b.key ? -1 : 1)),
    changedGroups: changedGroups.sort(),
    diagnostics,
    changes: countChanges(snapshotsOf(before), snapshotsOf(after)),
    shrink: undefined,
  };
}

/** Sorted, each once: groups that share a file report the same. */
function tidy(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const unique = new Map(diagnostics.map(diagnostic => [JSON.stringify(diagnostic), diagnostic]));
  return [...unique.values()].sort(
    (a, b) => compareDiagnostics(a, b) || (a.message < b.message ? -1 : a.message > b.message ? 1 : 0),
  );
}

function heldBySome(state: StoreState): readonly HeldGroup[] {
  return [...(state.views[0]?.groups ?? [])].flatMap(([key, result]) =>
    result.kind === 'held' ? [{ key, files: result.files, diagnostics: result.diagnostics }] : [],
  );
}

/** Every served group, held back by the files that nobody can place. */
function heldByAll(
  state: StoreState,
  source: LatestSource,
  unplaced: readonly string[],
): readonly HeldGroup[] {
  const diagnostics = unplaced.flatMap(path => source.broken.get(path) ?? []);
  const held = new Map<string, HeldGroup>();
  for (const { key, group } of publishedGroups(state)) {
    if (!held.has(key)) held.set(key, { key, files: group.snapshot.files, diagnostics });
  }
  return [...held.values()];
}

function warningsOf(state: StoreState): readonly Diagnostic[] {
  return [...(state.views[0]?.groups.values() ?? [])].flatMap(result =>
    result.kind === 'published' ? result.warnings : [],
  );
}

/** The served versions of each group; a group has two while some of its nodes are held back. */
function versionsByKey(state: StoreState): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const { key, group } of publishedGroups(state)) {
    const known = versions.get(key);
    versions.set(key, known === undefined ? group.snapshot.version : `${known} ${group.snapshot.version}`);
  }
  return versions;
}

function snapshotsOf(state: StoreState): readonly Snapshot[] {
  return [...publishedGroups(state)].map(({ group }) => group.snapshot);
}

function fileDiagnostics(load: Load): readonly Diagnostic[] {
  return [...load.refused, ...load.files.flatMap(file => file.diagnostics)];
}
