import { readBlocks } from '../certificates/certificate-file.ts';
import type { NamedPem } from '../certificates/certificate-issue.ts';
import { checkTrustBundle } from '../certificates/trust-bundle.ts';
import { readRevocationList, revokedSerials } from '../certificates/revocation-list.ts';
import type { PeerCertificate } from './peer-certificate.ts';

/**
 * @param crl PEM revocation lists of all CAs of `trustedCa`.
 * @throws Error when a list is damaged, foreign, out of date or missing for a CA (nobody could connect with it).
 */
export function assertListsUsable(trustedCa: NamedPem, crl: NamedPem, nowMs: number): void {
  const errors = checkTrustBundle({ trustedCa, crl }, nowMs).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
}

/** Client certificates that must not be served, although a CA of the server signed them. */
export class RevokedClients {
  readonly #keys = new Set<string>();

  /** @param crl PEM revocation lists that `assertListsUsable` has let pass; undefined: nothing is revoked. */
  constructor(crl: NamedPem | undefined) {
    if (crl === undefined) return;
    for (const block of readBlocks(crl).blocks) {
      if (block.label !== 'X509 CRL') continue;
      const list = readRevocationList(block.der);
      for (const serial of revokedSerials(list)) this.#keys.add(keyOf(list.issuer, serial));
    }
  }

  has({ issuer, serial }: Pick<PeerCertificate, 'issuer' | 'serial'>): boolean {
    return this.#keys.has(keyOf(issuer, serial));
  }
}

function keyOf(issuer: string, serial: string): string {
  return `${serial} ${issuer}`;
}
