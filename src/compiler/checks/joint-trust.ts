import type { Diagnostic } from '../../resources/diagnostic.ts';
import { SECRET } from '../../resources/type-url.ts';
import { diagnosticAt, resourcesOfType, type GroupCheck } from '../resource-group.ts';

/** AP1608: identities of several SPIFFE trust domains from one secret of CAs, without the SPIFFE validator. */
export const checkJointTrust: GroupCheck = group => {
  const secrets = resourcesOfType(group, SECRET);
  const diagnostics: Diagnostic[] = [];
  for (const { resource, facts } of group.resources) {
    for (const trust of facts.jointTrusts ?? []) {
      const secret = secrets.get(trust.secretName);
      if (secret === undefined || secret.facts.hasCustomValidator === true) continue;
      const message = `the CAs of secret "${trust.secretName}" can each sign for all of ${trust.trustDomains.join(', ')}`;
      diagnostics.push(diagnosticAt(resource.origin, trust, { code: 'AP1608', message }));
    }
  }
  return diagnostics;
};
