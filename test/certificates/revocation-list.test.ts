import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { canonicalIssuer, canonicalSubject } from '../../src/certificates/distinguished-name.ts';
import { readRevocationList, revokedSerials, serialKey } from '../../src/certificates/revocation-list.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';

function derOf(pem: string): Uint8Array {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
}

describe('a revocation list', () => {
  it('names the serial numbers of what it revokes, in the form that certificates give', () => {
    const authority = CertificateAuthority.create('CA of  the Fleet');
    const issued = Array.from({ length: 20 }, () => authority.issue());
    const revoked = issued.slice(0, 10);
    const list = readRevocationList(derOf(authority.revocationList(revoked)));
    const serials = issued.map(({ certificatePem }) =>
      serialKey(new X509Certificate(certificatePem).serialNumber),
    );
    expect(revokedSerials(list)).to.deep.equal(serials.slice(0, 10));
  });

  it('may be empty', () => {
    const list = readRevocationList(derOf(CertificateAuthority.create().revocationList()));
    expect(revokedSerials(list)).to.deep.equal([]);
  });

  it('has the issuer that the certificates of its CA name', () => {
    const authority = CertificateAuthority.create('CA of  the Fleet');
    const { raw } = new X509Certificate(authority.issue({ commonName: 'edge' }).certificatePem);
    const { issuer } = readRevocationList(derOf(authority.revocationList()));
    expect(canonicalIssuer(raw)).to.equal(issuer).and.not.to.equal(canonicalSubject(raw));
  });

  it('compares serial numbers without leading zeros and case', () => {
    expect(['00AB', 'ab', '0', '00'].map(serialKey)).to.deep.equal(['ab', 'ab', '0', '0']);
  });
});
