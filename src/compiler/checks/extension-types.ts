import type { Diagnostic } from '../../resources/diagnostic.ts';
import { EXTENSION_CONFIG, SECRET } from '../../resources/type-url.ts';
import type { SecretKind } from '../facts.ts';
import {
  describeOrigin,
  diagnosticAt,
  resourcesOfType,
  type GroupCheck,
  type ResourceGroup,
} from '../resource-group.ts';

const SECRET_NOUNS = {
  tlsCertificate: 'a certificate with its key',
  validationContext: 'a validation context',
  sessionTicketKeys: 'session ticket keys',
  genericSecret: 'a generic secret',
} as const satisfies Record<SecretKind, string>;

/** AP1307: an extension configuration of a type, or a secret of a kind, that the place which names it does not take. */
export const checkExtensionTypes: GroupCheck = group => [
  ...extensionsOfWrongType(group),
  ...secretsOfWrongKind(group),
];

function extensionsOfWrongType(group: ResourceGroup): readonly Diagnostic[] {
  const extensions = resourcesOfType(group, EXTENSION_CONFIG);
  const diagnostics: Diagnostic[] = [];
  for (const { resource, facts } of group.resources) {
    for (const use of facts.extensionUses ?? []) {
      const target = extensions.get(use.name);
      const typeName = target?.facts.extension?.typeName;
      if (target === undefined || typeName === undefined || use.typeNames.includes(typeName)) continue;
      const place = describeOrigin(target.resource.origin);
      const message = `extension configuration "${use.name}" (${place}) is a ${typeName}, which type_urls does not list`;
      diagnostics.push(diagnosticAt(resource.origin, use, { code: 'AP1307', message }));
    }
  }
  return diagnostics;
}

function secretsOfWrongKind(group: ResourceGroup): readonly Diagnostic[] {
  const secrets = resourcesOfType(group, SECRET);
  const diagnostics: Diagnostic[] = [];
  for (const { resource, facts } of group.resources) {
    for (const use of facts.secretUses ?? []) {
      const target = secrets.get(use.name);
      const kind = target?.facts.secretKind;
      if (target === undefined || kind === undefined || kind === use.kind) continue;
      const actual = `${SECRET_NOUNS[kind]} (${describeOrigin(target.resource.origin)})`;
      const message = `secret "${use.name}" is ${actual}, but ${SECRET_NOUNS[use.kind]} is needed here`;
      diagnostics.push(diagnosticAt(resource.origin, use, { code: 'AP1307', message }));
    }
  }
  return diagnostics;
}
