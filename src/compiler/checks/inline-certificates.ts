import { checkCertificatePair } from '../../certificates/certificate-pair.ts';
import { checkTrustBundle } from '../../certificates/trust-bundle.ts';
import { formatPath, type Diagnostic } from '../../resources/diagnostic.ts';
import { diagnosticAt, type ResourceGroup } from '../resource-group.ts';

/** The same checks for certificates and CAs that stand in resources as for those in files (AP1502 to AP1517). */
export function checkInlineCertificates(group: ResourceGroup, nowMs: number): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const { resource, facts } of group.resources) {
    for (const pair of facts.certificates ?? []) {
      const path = formatPath(pair.path);
      const certificateChain = { name: `${path}.certificate_chain`, bytes: pair.certificateChain };
      const { privateKey: key } = pair;
      const privateKey = key === undefined ? undefined : { name: `${path}.private_key`, bytes: key };
      const issues = checkCertificatePair({ certificateChain, privateKey }, nowMs);
      diagnostics.push(...issues.map(issue => diagnosticAt(resource.origin, pair, issue)));
    }
    for (const bundle of facts.trustBundles ?? []) {
      const path = formatPath(bundle.path);
      const trustedCa = { name: `${path}.trusted_ca`, bytes: bundle.trustedCa };
      const crl = bundle.crl === undefined ? undefined : { name: `${path}.crl`, bytes: bundle.crl };
      const issues = checkTrustBundle({ trustedCa, crl, isWholeChain: bundle.isWholeChain }, nowMs);
      diagnostics.push(...issues.map(issue => diagnosticAt(resource.origin, bundle, issue)));
    }
  }
  return diagnostics;
}
