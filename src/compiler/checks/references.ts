import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { DiagnosticCode } from '../../resources/diagnostic-codes.ts';
import type { ReferenceKind } from '../../resources/reference.ts';
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION_CONFIG,
  ROUTE,
  SECRET,
  type TypeUrl,
} from '../../resources/type-url.ts';
import { diagnosticAt, resourcesOfType, type GroupCheck } from '../resource-group.ts';
import { nearName } from '../schema/near-name.ts';

interface ReferenceTarget {
  readonly typeUrl: TypeUrl;
  readonly code: DiagnosticCode;
  readonly noun: string;
}

/** What must exist for each kind of reference. The other kinds subscribe to collections, which may be empty. */
export const REFERENCE_TARGETS: Readonly<Partial<Record<ReferenceKind, ReferenceTarget>>> = {
  cluster: { typeUrl: CLUSTER, code: 'AP1301', noun: 'cluster' },
  endpoints: { typeUrl: ENDPOINTS, code: 'AP1302', noun: 'endpoints' },
  route: { typeUrl: ROUTE, code: 'AP1303', noun: 'route configuration' },
  secret: { typeUrl: SECRET, code: 'AP1304', noun: 'secret' },
  extension: { typeUrl: EXTENSION_CONFIG, code: 'AP1305', noun: 'extension configuration' },
};

/** Looking for near names costs the product of both numbers; after this many the rest goes without. */
const MAX_SUGGESTIONS = 20;

/** AP1301 to AP1305: names that lead nowhere in the group, with the name that was probably meant. */
export const checkReferences: GroupCheck = group => {
  const diagnostics: Diagnostic[] = [];
  for (const { resource, facts } of group.resources) {
    for (const reference of facts.references) {
      const target = REFERENCE_TARGETS[reference.kind];
      if (target === undefined) continue;
      const known = resourcesOfType(group, target.typeUrl);
      if (known.has(reference.name)) continue;
      const near = diagnostics.length < MAX_SUGGESTIONS ? nearName(reference.name, known.keys()) : undefined;
      const suggestion = near === undefined ? '' : `; did you mean "${near}"?`;
      const message = `unknown ${target.noun} "${reference.name}"${suggestion}`;
      diagnostics.push(diagnosticAt(resource.origin, reference, { code: target.code, message }));
    }
  }
  return diagnostics;
};
