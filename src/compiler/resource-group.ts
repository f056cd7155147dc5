import type { Diagnostic, Severity } from '../resources/diagnostic.ts';
import { formatPath } from '../resources/diagnostic.ts';
import type { DiagnosticCode } from '../resources/diagnostic-codes.ts';
import type { Origin } from '../resources/resource.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { CheckedFile, CheckedResource } from './checked-file.ts';
import type { Place } from './facts.ts';

/** The union of the files of one node group, as the group checks see it. Of duplicates the first one counts. */
export interface ResourceGroup {
  readonly files: readonly CheckedFile[];
  /** In the order of the files, with those made of `certificates:` and `trust_bundles:`. */
  readonly resources: readonly CheckedResource[];
  readonly byType: ReadonlyMap<TypeUrl, ReadonlyMap<string, CheckedResource>>;
}

/** A check over all resources of a group. */
export type GroupCheck = (group: ResourceGroup) => readonly Diagnostic[];

const NONE: ReadonlyMap<string, CheckedResource> = new Map();

/** Indexes the resources of a group. */
export function makeResourceGroup(
  files: readonly CheckedFile[],
  resources: readonly CheckedResource[],
): ResourceGroup {
  const byType = new Map<TypeUrl, Map<string, CheckedResource>>();
  for (const entry of resources) {
    const { typeUrl, name } = entry.resource;
    let byName = byType.get(typeUrl);
    if (byName === undefined) byType.set(typeUrl, (byName = new Map<string, CheckedResource>()));
    if (!byName.has(name)) byName.set(name, entry);
  }
  return { files, resources, byType };
}

/** The resources of a type by name; empty where the group has none. */
export function resourcesOfType(
  group: ResourceGroup,
  typeUrl: TypeUrl,
): ReadonlyMap<string, CheckedResource> {
  return group.byType.get(typeUrl) ?? NONE;
}

/** What a group check says about one place. */
export interface GroupFinding {
  readonly code: DiagnosticCode;
  readonly message: string;
  /** Default: `error`. */
  readonly severity?: Severity;
  readonly hint?: string;
}

/** A diagnostic about a resource: at `place` in the resource's file, or where the resource begins. */
export function diagnosticAt(origin: Origin, place: Place | undefined, finding: GroupFinding): Diagnostic {
  const { line, column, path } = place ?? origin;
  return {
    file: origin.file,
    line,
    column,
    severity: finding.severity ?? 'error',
    code: finding.code,
    message: finding.message,
    path: formatPath(path),
    ...(finding.hint === undefined ? {} : { hint: finding.hint }),
  };
}

/** `file:line`, to name a second place inside a message. */
export function describeOrigin(origin: Origin): string {
  return `${origin.file}:${origin.line}`;
}
