import { expect } from 'chai';
import { checkTrustBundle } from '../../src/certificates/trust-bundle.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';

const DAY_MS = 86_400_000;

function check(trustedCa: string, crl?: string, nowMs = Date.now(), isWholeChain = true): readonly string[] {
  const bundle = {
    trustedCa: { name: 'ca.pem', bytes: Buffer.from(trustedCa) },
    crl: crl === undefined ? undefined : { name: 'ca.crl', bytes: Buffer.from(crl) },
    isWholeChain,
  };
  return checkTrustBundle(bundle, nowMs).map(issue => `${issue.severity} ${issue.code} ${issue.message}`);
}

describe('checkTrustBundle', () => {
  const one = CertificateAuthority.create('one');
  const two = CertificateAuthority.create('two');
  const bundle = one.certificatePem + two.certificatePem;

  it('accepts CAs, with one current list for each of them or none at all', () => {
    expect(check(bundle)).to.deep.equal([]);
    const revoked = one.issue();
    expect(check(bundle, one.revocationList([revoked]) + two.revocationList())).to.deep.equal([]);
  });

  it('refuses a bundle without a CA', () => {
    expect(check(one.issue().certificatePem)).to.deep.equal(['error AP1512 ca.pem: no certificate is a CA']);
    expect(check('')).to.deep.equal(['error AP1502 ca.pem is empty']);
  });

  it('refuses a bundle whose CAs have all expired, and warns while one is valid', () => {
    const old = CertificateAuthority.create('old', { notAfter: new Date(Date.now() - DAY_MS) });
    expect(check(old.certificatePem)[0]).to.match(/^error AP1507 ca.pem: certificate "CN=old" expired/);
    expect(check(old.certificatePem + one.certificatePem)[0]).to.match(/^warning AP1507 /);
    expect(check(one.certificatePem, undefined, Date.now() + 25 * DAY_MS)[0]).to.match(/^warning AP1509 /);
  });

  it('refuses garbage in place of a list', () => {
    const fake = `-----BEGIN X509 CRL-----\n${Buffer.from('not DER').toString('base64')}\n-----END X509 CRL-----\n`;
    expect(check(one.certificatePem, fake)[0]).to.match(
      /^error AP1513 ca.crl: revocation list 1 cannot be read/,
    );
    expect(check(one.certificatePem, one.certificatePem)[0]).to.equal(
      'error AP1513 ca.crl holds no revocation list',
    );
    expect(check(one.certificatePem, 'x')[0]).to.equal('error AP1503 ca.crl is not a PEM file');
    expect(check(one.certificatePem, one.revocationList().slice(0, -9))[0]).to.match(
      /^error AP1502 .*X509 CRL/,
    );
  });

  it('refuses a list that is out of date or not valid yet', () => {
    const list = one.revocationList();
    expect(check(one.certificatePem, list, Date.now() + 40 * DAY_MS).join('\n')).to.match(
      /error AP1514 ca.crl/,
    );
    expect(check(one.certificatePem, list, Date.now() - 3 * DAY_MS).join('\n')).to.match(
      /error AP1517 ca.crl/,
    );
  });

  it('refuses a list of another CA, also of one with the same name', () => {
    expect(check(one.certificatePem, two.revocationList())).to.deep.equal([
      'error AP1515 ca.crl: revocation list 1 is of a CA that is not in the bundle',
      'error AP1516 ca.crl has no revocation list of the CA "CN=one"',
    ]);
    const impostor = CertificateAuthority.create('one');
    expect(check(one.certificatePem, impostor.revocationList())[0]).to.equal(
      'error AP1515 ca.crl: revocation list 1 is not signed by the CA of the bundle that it names',
    );
  });

  it('wants a list for every CA, unless only leaves are checked', () => {
    expect(check(bundle, one.revocationList())).to.deep.equal([
      'error AP1516 ca.crl has no revocation list of the CA "CN=two"',
    ]);
    expect(check(bundle, one.revocationList(), Date.now(), false)).to.deep.equal([]);
  });
});
