import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { checkCertificatePair } from '../../src/certificates/certificate-pair.ts';
import type { NamedPem } from '../../src/certificates/certificate-issue.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { ed25519Key, generatedCertificate, rsaKey } from '../support/generated-certificate.ts';

const DAY_MS = 86_400_000;

function named(name: string, text: string): NamedPem {
  return { name, bytes: Buffer.from(text) };
}

function check(chain: string, key: string, nowMs = Date.now()): readonly string[] {
  const pair = { certificateChain: named('chain.pem', chain), privateKey: named('key.pem', key) };
  return checkCertificatePair(pair, nowMs).map(issue => `${issue.severity} ${issue.code} ${issue.message}`);
}

describe('checkCertificatePair', () => {
  const root = CertificateAuthority.create('root');
  const intermediate = root.createIntermediate('intermediate');
  const leaf = intermediate.issue({ commonName: 'leaf', dnsNames: ['a.test'] });

  it('accepts a chain with its key, also in the traditional forms and with text around the blocks', () => {
    expect(check(leaf.chainPem, leaf.privateKeyPem)).to.deep.equal([]);
    expect(
      check(`subject: leaf\r\n${leaf.chainPem.replaceAll('\n', '\r\n')}`, leaf.privateKeyPem),
    ).to.deep.equal([]);
  });

  it('refuses certificates that do not sign each other in order', () => {
    const [first = '', second = ''] = leaf.chainPem.split(/(?<=END CERTIFICATE-----\n)/);
    expect(check(first + root.certificatePem, leaf.privateKeyPem)).to.deep.equal([
      'error AP1504 chain.pem: certificate 1 "CN=leaf" is followed by "CN=root", which did not sign it',
    ]);
    const swapped = check(second + first, leaf.privateKeyPem);
    expect(swapped.map(line => line.slice(6, 12))).to.deep.equal(['AP1504', 'AP1505']);
  });

  it('refuses the key of another certificate', () => {
    const other = intermediate.issue();
    expect(check(leaf.chainPem, other.privateKeyPem)).to.deep.equal([
      'error AP1505 key.pem is not the key of the first certificate of chain.pem, "CN=leaf"',
    ]);
  });

  it('tells a half-written file from one that is no PEM', () => {
    const cut = leaf.chainPem.slice(0, 300);
    expect(check(cut, leaf.privateKeyPem)[0]).to.equal(
      'error AP1502 chain.pem is half-written: its CERTIFICATE block has no END line',
    );
    expect(check(leaf.chainPem.slice(0, -10), leaf.privateKeyPem)[0]).to.match(/AP1502/);
    expect(check('-----BEGIN CERTI', leaf.privateKeyPem)[0]).to.match(/AP1502/);
    expect(check('', leaf.privateKeyPem)[0]).to.equal('error AP1502 chain.pem is empty');
    expect(check('garbage', leaf.privateKeyPem)[0]).to.equal('error AP1503 chain.pem is not a PEM file');
    expect(check(leaf.privateKeyPem, leaf.privateKeyPem)[0]).to.equal(
      'error AP1503 chain.pem holds no certificate',
    );
    const broken = leaf.certificatePem.replace(/\n.{20}/, '\n!');
    expect(check(broken, leaf.privateKeyPem)[0]).to.match(
      /AP1503 chain.pem: the CERTIFICATE block is not base64/,
    );
  });

  it('refuses bytes that are no certificate', () => {
    const fake = `-----BEGIN CERTIFICATE-----\n${Buffer.from('not DER').toString('base64')}\n-----END CERTIFICATE-----\n`;
    expect(check(fake, leaf.privateKeyPem)[0]).to.match(/AP1503 chain.pem: certificate 1 cannot be read/);
  });

  it('refuses expired and future certificates and warns 7 days ahead', () => {
    const nowMs = Date.now();
    expect(check(leaf.chainPem, leaf.privateKeyPem, nowMs + 31 * DAY_MS)[0]).to.match(
      /^error AP1507 chain.pem: certificate "CN=leaf" expired on \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    );
    expect(check(leaf.chainPem, leaf.privateKeyPem, nowMs - 2 * DAY_MS)[0]).to.match(/^error AP1508 /);
    expect(check(leaf.chainPem, leaf.privateKeyPem, nowMs + 24 * DAY_MS)[0]).to.match(/^warning AP1509 /);
    expect(check(leaf.chainPem, leaf.privateKeyPem, nowMs + 22 * DAY_MS)).to.deep.equal([]);
  });

  it('refuses keys that Envoy does not take', () => {
    const weak = generatedCertificate(rsaKey(1024));
    expect(check(weak.certificatePem, weak.privateKeyPem)).to.deep.equal([
      'error AP1506 chain.pem: the RSA key has 1024 bits; at least 2048 are needed',
    ]);
    const edwards = generatedCertificate(ed25519Key());
    expect(check(edwards.certificatePem, edwards.privateKeyPem)[0]).to.match(/AP1506 .*ed25519/);
    const strong = generatedCertificate(rsaKey(2048));
    expect(check(strong.certificatePem, strong.privateKeyPem)).to.deep.equal([]);
  });

  it('refuses encrypted and unreadable keys without printing anything of them', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const encrypted = privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    });
    expect(check(leaf.chainPem, encrypted.toString())).to.deep.equal([
      'error AP1510 key.pem: the private key is encrypted with a passphrase',
    ]);
    const old = privateKey.export({
      type: 'sec1',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    });
    expect(check(leaf.chainPem, old.toString())[0]).to.match(/AP1510/);
    const garbage = `-----BEGIN PRIVATE KEY-----\n${Buffer.from('secret key').toString('base64')}\n-----END PRIVATE KEY-----\n`;
    expect(check(leaf.chainPem, garbage)).to.deep.equal([
      'error AP1511 key.pem: the private key cannot be read',
    ]);
    expect(check(leaf.chainPem, leaf.certificatePem)[0]).to.equal(
      'error AP1511 key.pem holds no private key',
    );
  });
});
