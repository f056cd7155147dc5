import type { X509Certificate } from 'node:crypto';
import { messageOf } from '../platform/errors.ts';
import {
  checkValidity,
  describeCertificate,
  formatTime,
  readBlocks,
  readCertificates,
} from './certificate-file.ts';
import {
  certificateError,
  certificateWarning,
  type CertificateIssue,
  type NamedPem,
} from './certificate-issue.ts';
import { canonicalSubject } from './distinguished-name.ts';
import { isSignedBy, readRevocationList, type RevocationList } from './revocation-list.ts';

/**
 * Checks CA certificates and revocation lists: all can be read, at least one certificate is a CA and valid now (one that
 * is not, beside another that is, is a warning: old CAs stay in a bundle while it is rotated), every list is current and signed by a CA of
 * the bundle, and with any list every CA has one. Envoy takes bad lists and then refuses every new connection, because it
 * checks revocation for the whole chain. With `isWholeChain` false (`only_verify_leaf_cert_crl`, or several bundles) CAs without a list pass.
 */
export function checkTrustBundle(
  bundle: {
    readonly trustedCa: NamedPem;
    readonly crl: NamedPem | undefined;
    readonly isWholeChain?: boolean;
  },
  nowMs: number,
): readonly CertificateIssue[] {
  const { certificates, issues: readIssues } = readCertificates(bundle.trustedCa);
  const issues = [...readIssues, ...checkAuthorities(certificates, bundle.trustedCa.name, nowMs)];
  if (bundle.crl !== undefined) {
    issues.push(...checkRevocation(bundle.crl, certificates, bundle.isWholeChain ?? true, nowMs));
  }
  return issues;
}

function checkAuthorities(
  certificates: readonly X509Certificate[],
  name: string,
  nowMs: number,
): CertificateIssue[] {
  if (certificates.length === 0) return [];
  const issues: CertificateIssue[] = [];
  const authorities = certificates.filter(certificate => certificate.ca);
  if (authorities.length === 0) issues.push(certificateError('AP1512', `${name}: no certificate is a CA`));
  const validity = certificates.map(certificate => checkValidity(certificate, name, nowMs));
  const someAreValid = authorities.some(authority => {
    const index = certificates.indexOf(authority);
    return validity[index]?.severity !== 'error';
  });
  for (const issue of validity) {
    if (issue === undefined) continue;
    issues.push(someAreValid ? certificateWarning(issue.code, issue.message) : issue);
  }
  return issues;
}

function checkRevocation(
  crl: NamedPem,
  certificates: readonly X509Certificate[],
  isWholeChain: boolean,
  nowMs: number,
): CertificateIssue[] {
  const { lists, issues } = readLists(crl);
  const authorities = certificates
    .filter(certificate => certificate.ca)
    .map(certificate => ({ certificate, subject: canonicalSubject(certificate.raw) }));
  const covered = new Set<X509Certificate>();
  lists.forEach((list, index) => {
    const label = `${crl.name}: revocation list ${index + 1}`;
    const issuers = authorities.filter(authority => authority.subject === list.issuer);
    const signers = issuers.filter(({ certificate }) => isSignedBy(list, certificate.publicKey));
    for (const { certificate } of signers) covered.add(certificate);
    if (issuers.length === 0)
      issues.push(certificateError('AP1515', `${label} is of a CA that is not in the bundle`));
    else if (signers.length === 0) {
      issues.push(certificateError('AP1515', `${label} is not signed by the CA of the bundle that it names`));
    }
    const timeIssue = checkListTime(list, label, nowMs);
    if (timeIssue !== undefined) issues.push(timeIssue);
  });
  if (lists.length > 0 && isWholeChain) {
    for (const { certificate } of authorities) {
      if (covered.has(certificate)) continue;
      const message = `${crl.name} has no revocation list of the CA ${describeCertificate(certificate)}`;
      issues.push(certificateError('AP1516', message));
    }
  }
  return issues;
}

function readLists(crl: NamedPem): {
  readonly lists: readonly RevocationList[];
  readonly issues: CertificateIssue[];
} {
  const { blocks, issues } = readBlocks(crl);
  const lists: RevocationList[] = [];
  const listBlocks = blocks.filter(block => block.label === 'X509 CRL');
  listBlocks.forEach((block, index) => {
    try {
      lists.push(readRevocationList(block.der));
    } catch (thrown) {
      const message = `${crl.name}: revocation list ${index + 1} cannot be read: ${messageOf(thrown)}`;
      issues.push(certificateError('AP1513', message));
    }
  });
  if (listBlocks.length === 0 && issues.length === 0) {
    issues.push(certificateError('AP1513', `${crl.name} holds no revocation list`));
  }
  return { lists, issues };
}

function checkListTime(list: RevocationList, label: string, nowMs: number): CertificateIssue | undefined {
  if (nowMs < list.thisUpdateMs) {
    return certificateError('AP1517', `${label} is not valid before ${formatTime(list.thisUpdateMs)}`);
  }
  if (list.nextUpdateMs !== undefined && nowMs > list.nextUpdateMs) {
    return certificateError('AP1514', `${label} was to be replaced by ${formatTime(list.nextUpdateMs)}`);
  }
  return undefined;
}
