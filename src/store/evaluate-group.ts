import { judgeWeakenings } from '../posture/judge-weakenings.ts';
import { compareDiagnostics, type Diagnostic } from '../resources/diagnostic.ts';
import type { ResourceSet } from '../resources/resource-set.ts';
import type { SnapshotAuth } from '../resources/snapshot-auth.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { FileGroup } from './membership.ts';
import type { GroupResult, LatestSource, PublishedGroup } from './store-state.ts';

/** What a group is compared with. */
export interface EvaluateContext {
  /** What the group was before; what did not change keeps its objects and its time. */
  readonly previous: PublishedGroup | undefined;
  /** What nodes of the group have been served, under whatever files: nothing of it may become less protected by accident. */
  readonly served: readonly Snapshot[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/**
 * Compiles one group from the newest load, all or nothing: an error in one of its files, in what they make together, or a
 * route that would be less protected without a waiver, holds it back.
 */
export function evaluateGroup(
  source: LatestSource,
  group: FileGroup,
  { previous, served, nowMs }: EvaluateContext,
): GroupResult {
  const { files } = group;
  if (files.some(path => source.broken.has(path))) {
    return { kind: 'held', files, diagnostics: allErrors(source, files) };
  }
  const compiled = source.load.compile(files);
  if (!compiled.ok) return { kind: 'held', files, diagnostics: compiled.diagnostics };
  const posture = postureDiagnostics(served, compiled.value, nowMs);
  if (posture.some(({ severity }) => severity === 'error')) {
    return { kind: 'held', files, diagnostics: [...compiled.warnings, ...posture].sort(compareDiagnostics) };
  }
  const same = previous?.snapshot.version === compiled.value.version;
  return {
    kind: 'published',
    group: {
      snapshot: previous === undefined ? compiled.value : keepObjects(previous.snapshot, compiled.value),
      sinceMs: same ? previous.sinceMs : nowMs,
    },
    warnings: [...compiled.warnings, ...posture].sort(compareDiagnostics),
  };
}

/** What would be less protected than it is for some node; each problem once. */
function postureDiagnostics(
  served: readonly Snapshot[],
  next: Snapshot,
  nowMs: number,
): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const { auth, version } of served) {
    if (auth === undefined || version === next.version) continue;
    for (const diagnostic of judgeWeakenings(auth, next.auth ?? NO_ENTRIES, nowMs)) {
      found.set(JSON.stringify(diagnostic), diagnostic);
    }
  }
  return [...found.values()];
}

/** A snapshot without connection managers: what is gone is not less protected. */
const NO_ENTRIES: Pick<SnapshotAuth, 'entryPoints' | 'routes' | 'waivers'> = {
  entryPoints: [],
  routes: [],
  waivers: [],
};

/** The errors of broken files, and what else is wrong with the group, so that operators see all at once. */
function allErrors({ load, broken, refused }: LatestSource, files: readonly string[]): readonly Diagnostic[] {
  const fileErrors = files.flatMap(path => broken.get(path) ?? []);
  // Without a file that was not read, names that it defines would be reported as missing.
  if (files.some(path => refused.has(path))) return fileErrors;
  const compiled = load.compile(files);
  return compiled.ok ? fileErrors : [...fileErrors, ...compiled.diagnostics];
}

/**
 * The new snapshot with the old object for every type whose resources are all the same objects, because
 * readers skip what is identical. Resources of equal content that moved to another line stay new: they know where they are.
 */
function keepObjects(before: Snapshot, after: Snapshot): Snapshot {
  const resources = new Map<TypeUrl, ResourceSet>();
  let kept = before.resources.size === after.resources.size && before.version === after.version;
  for (const [typeUrl, set] of after.resources) {
    const old = before.resources.get(typeUrl);
    const same = old !== undefined && sameObjects(old, set);
    resources.set(typeUrl, same ? old : set);
    kept &&= same;
  }
  return kept ? before : { ...after, resources };
}

function sameObjects(a: ResourceSet, b: ResourceSet): boolean {
  if (a.size !== b.size) return false;
  for (const [name, resource] of a.byName) if (b.byName.get(name) !== resource) return false;
  return true;
}
