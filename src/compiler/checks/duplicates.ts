import type { Diagnostic } from '../../resources/diagnostic.ts';
import { resourceType } from '../../resources/type-url.ts';
import { describeOrigin, diagnosticAt, resourcesOfType, type GroupCheck } from '../resource-group.ts';

/** AP1401: two resources of one type and name in a group. Reported at the second, naming the first. */
export const checkDuplicates: GroupCheck = group => {
  const diagnostics: Diagnostic[] = [];
  for (const { resource } of group.resources) {
    const first = resourcesOfType(group, resource.typeUrl).get(resource.name)?.resource;
    if (first === undefined || first === resource) continue;
    const what = resourceType(resource.typeUrl)?.field ?? resource.typeUrl;
    const message = `"${resource.name}" is defined twice (${what}); the other definition is at ${describeOrigin(first.origin)}`;
    diagnostics.push(diagnosticAt(resource.origin, undefined, { code: 'AP1401', message }));
  }
  return diagnostics;
};
