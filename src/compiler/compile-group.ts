import { compareDiagnostics, type Checked } from '../resources/diagnostic.ts';
import { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import { makeSnapshot, type Snapshot } from '../resources/snapshot.ts';
import type { Asset } from '../resources/source-tree.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import { DEFAULT_SLOT_COUNT } from './auth/auth-names.ts';
import { compileAuth } from './auth/compile-auth.ts';
import type { CheckedFile } from './checked-file.ts';
import { completenessChecks, conflictChecks } from './checks/group-checks.ts';
import { checkInlineCertificates } from './checks/inline-certificates.ts';
import { compileFileSecrets } from './compile-file-secrets.ts';
import { compileGrants } from './compile-grants.ts';
import { compileMesh } from './mesh/compile-mesh.ts';
import { makeResourceGroup, type ResourceGroup } from './resource-group.ts';
import type { Schema } from './schema/registry.ts';

/** What `compileGroup` needs. */
export interface GroupInput {
  /** The files of the node group. */
  readonly files: readonly CheckedFile[];
  /** The certificate files that they name, by absolute path. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** For the validity of certificates. */
  readonly nowMs: number;
  /** What the group serves now; sets that did not change are taken from it. */
  readonly previous?: Snapshot | undefined;
  readonly schema: Schema;
  /** Slots for auth chains in every connection manager that has one; a change drains. Default 16. */
  readonly authSlots?: number;
}

/**
 * Compiles the files of one node group into its snapshot: the union of their resources, certificates made into secrets, and
 * all checks that need more than one file. Pure. Diagnostics and warnings include those of the files themselves, sorted by place;
 * they are complete, except that references are not judged while a resource cannot be read, because it may be what they name.
 */
export function compileGroup(input: GroupInput): Checked<Snapshot> {
  const files = [...input.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const fileSecrets = compileFileSecrets(files, input);
  const mesh = compileMesh(files, input);
  const auth = compileAuth({
    files,
    resources: [...files.flatMap(file => file.resources), ...fileSecrets.resources, ...mesh.resources],
    assets: input.assets,
    slotCount: input.authSlots ?? DEFAULT_SLOT_COUNT,
    schema: input.schema,
  });
  const group = makeResourceGroup(files, auth.resources);
  const { grants, diagnostics: grantDiagnostics } = compileGrants(files, group);
  const diagnostics = [
    ...files.flatMap(file => file.diagnostics),
    ...fileSecrets.diagnostics,
    ...mesh.diagnostics,
    ...auth.diagnostics,
    ...checkInlineCertificates(group, input.nowMs),
    ...conflictChecks.flatMap(check => check(group)),
    ...(files.some(isIncomplete)
      ? []
      : [...grantDiagnostics, ...completenessChecks.flatMap(check => check(group))]),
  ].sort(compareDiagnostics);
  if (diagnostics.some(diagnostic => diagnostic.severity === 'error')) return { ok: false, diagnostics };
  const resources = resourceSets(group, input.previous);
  const pinnedVersion = files.find(file => file.pinnedVersion !== undefined)?.pinnedVersion?.value;
  const snapshot = makeSnapshot(
    files.map(file => file.path),
    resources,
    { pinnedVersion, auth: auth.auth, grants },
  );
  return { ok: true, value: snapshot, warnings: diagnostics };
}

/** True when a resource of the file, or all of it, could not be decoded (10xx and 11xx). */
function isIncomplete(file: CheckedFile): boolean {
  return file.diagnostics.some(({ severity, code }) => severity === 'error' && /^AP1[01]/.test(code));
}

function resourceSets(
  group: ResourceGroup,
  previous: Snapshot | undefined,
): ReadonlyMap<TypeUrl, ResourceSet> {
  const byType = new Map<TypeUrl, Map<string, Resource>>();
  for (const { resource } of group.resources) {
    let byName = byType.get(resource.typeUrl);
    if (byName === undefined) byType.set(resource.typeUrl, (byName = new Map<string, Resource>()));
    byName.set(resource.name, resource);
  }
  const sets = new Map<TypeUrl, ResourceSet>();
  for (const [typeUrl, byName] of byType) {
    const before = previous?.resources.get(typeUrl);
    sets.set(
      typeUrl,
      before !== undefined && hasSameContent(before, byName) ? before : new ResourceSet(byName),
    );
  }
  return sets;
}

function hasSameContent(set: ResourceSet, byName: ReadonlyMap<string, Resource>): boolean {
  if (set.size !== byName.size) return false;
  for (const [name, resource] of byName) {
    // The version is a hash of type, name, aliases and body.
    if (set.byName.get(name)?.version !== resource.version) return false;
  }
  return true;
}
