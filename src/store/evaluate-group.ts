import type { Diagnostic } from '../resources/diagnostic.ts';
import type { ResourceSet } from '../resources/resource-set.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { FileGroup } from './membership.ts';
import type { GroupResult, LatestSource, PublishedGroup } from './store-state.ts';

/**
 * Compiles one group from the newest load, all or nothing: an error in one of its files, or in what they make
 * together, holds it back. `previous` is what the group was before; what did not change keeps its objects and its time.
 */
export function evaluateGroup(
  source: LatestSource,
  group: FileGroup,
  previous: PublishedGroup | undefined,
  nowMs: number,
): GroupResult {
  const { files } = group;
  if (files.some(path => source.broken.has(path))) {
    return { kind: 'held', files, diagnostics: allErrors(source, files) };
  }
  const compiled = source.load.compile(files);
  if (!compiled.ok) return { kind: 'held', files, diagnostics: compiled.diagnostics };
  const same = previous?.snapshot.version === compiled.value.version;
  return {
    kind: 'published',
    group: {
      snapshot: previous === undefined ? compiled.value : keepObjects(previous.snapshot, compiled.value),
      sinceMs: same ? previous.sinceMs : nowMs,
    },
    warnings: compiled.warnings,
  };
}

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
