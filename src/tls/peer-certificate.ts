import { X509Certificate } from 'node:crypto';
import { canonicalIssuer } from '../certificates/distinguished-name.ts';
import { serialKey } from '../certificates/revocation-list.ts';
import type { CertifiedNames } from '../resources/identity-rule.ts';

/** The verified certificate of a client. */
export interface PeerCertificate {
  readonly names: CertifiedNames;
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number;
  /** Canonical name of the CA that signed it. */
  readonly issuer: string;
  /** In the form of `serialKey`. */
  readonly serial: string;
}

/** Reads a certificate (DER) that TLS has verified. */
export function readPeerCertificate(der: Uint8Array): PeerCertificate {
  const certificate = new X509Certificate(der);
  return {
    names: readNames(certificate.subjectAltName ?? ''),
    notAfterMs: certificate.validToDate.getTime(),
    issuer: canonicalIssuer(der),
    serial: serialKey(certificate.serialNumber),
  };
}

/**
 * Reads the text that Node makes of subject alternative names. Names that could be taken for several are quoted in it
 * (CVE-2021-44532); no name of a proxy needs that, so a certificate with such a name has none that counts.
 */
export function readNames(subjectAltName: string): CertifiedNames {
  const names = { uris: [] as string[], dnsNames: [] as string[] };
  if (subjectAltName.includes('"')) return names;
  for (const entry of subjectAltName.split(', ')) {
    if (entry.startsWith('URI:')) names.uris.push(entry.slice(4));
    else if (entry.startsWith('DNS:')) names.dnsNames.push(entry.slice(4));
  }
  return names;
}
