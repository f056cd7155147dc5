import type { DiagnosticCode } from '../../resources/diagnostic-codes.ts';
import type { ReferenceKind } from '../../resources/reference.ts';
import { diagnosticAt, resourcesOfType, type GroupCheck, type ResourceGroup } from '../resource-group.ts';
import { REFERENCE_TARGETS } from './references.ts';

const WARNED: readonly {
  readonly kind: ReferenceKind;
  readonly code: DiagnosticCode;
  readonly why: string;
}[] = [
  { kind: 'endpoints', code: 'AP1310', why: 'no cluster of type EDS asks for endpoints' },
  { kind: 'route', code: 'AP1311', why: 'no listener or scoped route asks for route configuration' },
  { kind: 'extension', code: 'AP1312', why: 'no listener asks for extension configuration' },
];

/** AP1310 to AP1312, warnings: resources that Envoy never asks for and would ignore. */
export const checkUnused: GroupCheck = group =>
  WARNED.flatMap(row => unusedOf(group, row.kind, row.code, row.why));

function unusedOf(
  group: ResourceGroup,
  kind: ReferenceKind,
  code: DiagnosticCode,
  why: string,
): ReturnType<GroupCheck> {
  const target = REFERENCE_TARGETS[kind];
  if (target === undefined) return [];
  const used = new Set<string>();
  for (const { facts } of group.resources) {
    for (const reference of facts.references) if (reference.kind === kind) used.add(reference.name);
  }
  return [...resourcesOfType(group, target.typeUrl).values()]
    .filter(({ resource }) => !used.has(resource.name))
    .map(({ resource }) =>
      diagnosticAt(resource.origin, undefined, {
        code,
        severity: 'warning',
        message: `${why} "${resource.name}"`,
      }),
    );
}
