import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { checkValidity, describeCertificate, readBlocks, readCertificates } from './certificate-file.ts';
import { certificateError, type CertificateIssue, type NamedPem } from './certificate-issue.ts';

/** Smallest RSA key that Envoy takes, in bits. */
const MIN_RSA_BITS = 2048;
/** The curves that Envoy takes, by their OpenSSL names: P-256, P-384, P-521. */
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/**
 * Checks a certificate chain and its private key as a pair: both can be read, the key belongs to the first certificate, each
 * certificate is signed by the next, the key is strong enough for Envoy, and the time is within the validity of all.
 * Envoy refuses a wrong or weak key itself; it accepts expired certificates and a wrong order, and clients fail then.
 * With `privateKey` undefined (it lives on the node) only the chain is checked.
 */
export function checkCertificatePair(
  pair: { readonly certificateChain: NamedPem; readonly privateKey: NamedPem | undefined },
  nowMs: number,
): readonly CertificateIssue[] {
  const { certificates, issues: chainIssues } = readCertificates(pair.certificateChain);
  const chainName = pair.certificateChain.name;
  const issues: CertificateIssue[] = [...chainIssues];
  const [leaf] = certificates;
  if (leaf !== undefined) {
    issues.push(...checkOrder(certificates, chainName));
    const strength = keyWeakness(leaf.publicKey);
    if (strength !== undefined) issues.push(certificateError('AP1506', `${chainName}: ${strength}`));
    for (const certificate of certificates) {
      const issue = checkValidity(certificate, chainName, nowMs);
      if (issue !== undefined) issues.push(issue);
    }
  }
  if (pair.privateKey !== undefined) issues.push(...checkPrivateKey(pair.privateKey, leaf, chainName));
  return issues;
}

function checkOrder(certificates: readonly X509Certificate[], name: string): CertificateIssue[] {
  const issues: CertificateIssue[] = [];
  certificates.forEach((certificate, index) => {
    const next = certificates[index + 1];
    if (next === undefined || isIssuedBy(certificate, next)) return;
    const place = `${describeCertificate(certificate)} is followed by ${describeCertificate(next)}`;
    issues.push(
      certificateError('AP1504', `${name}: certificate ${index + 1} ${place}, which did not sign it`),
    );
  });
  return issues;
}

/** True when `issuer` signed `certificate`. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Why Envoy would not take the key, or undefined. */
function keyWeakness(key: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= MIN_RSA_BITS
        ? undefined
        : `the RSA key has ${modulusLength} bits; at least ${MIN_RSA_BITS} are needed`;
    case 'ec':
      return CURVES.has(namedCurve)
        ? undefined
        : `the curve ${namedCurve} is not one of P-256, P-384 and P-521`;
    default:
      return `a key of type ${key.asymmetricKeyType ?? 'unknown'} cannot be used; use RSA or EC`;
  }
}

function checkPrivateKey(
  pem: NamedPem,
  leaf: X509Certificate | undefined,
  chainName: string,
): readonly CertificateIssue[] {
  const { blocks, issues } = readBlocks(pem);
  if (issues.length > 0) return issues;
  const block = blocks.find(entry => entry.label.endsWith('PRIVATE KEY'));
  if (block === undefined) return [certificateError('AP1511', `${pem.name} holds no private key`)];
  if (block.label.startsWith('ENCRYPTED') || block.text.includes('Proc-Type: 4,ENCRYPTED')) {
    return [certificateError('AP1510', `${pem.name}: the private key is encrypted with a passphrase`)];
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(block.text);
  } catch {
    // The text of OpenSSL's error is left out: it adds nothing and stands close to the key.
    return [certificateError('AP1511', `${pem.name}: the private key cannot be read`)];
  }
  if (leaf !== undefined && !leaf.checkPrivateKey(key)) {
    const message = `${pem.name} is not the key of the first certificate of ${chainName}`;
    return [certificateError('AP1505', `${message}, ${describeCertificate(leaf)}`)];
  }
  return [];
}
