import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { readSecret } from '../../src/certificates/secret-content.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';

/** A Secret whose field `kind` is a message that holds the text in an inline data source. */
function secret(kind: number, text: string): Uint8Array {
  const source = new BinaryWriter().tag(3, WireType.LengthDelimited).string(text).finish();
  const content = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(source).finish();
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string('name')
    .tag(kind, WireType.LengthDelimited)
    .bytes(content)
    .finish();
}

describe('the content of a secret', () => {
  const soon = new Date('2040-01-01T00:00:00Z');
  const authority = CertificateAuthority.create('root', { notAfter: new Date('2050-01-01T00:00:00Z') });
  const { certificatePem } = authority.issue({ notAfter: soon });

  it('ends with the first certificate of the chain to end', () => {
    const chain = certificatePem + authority.certificatePem;
    expect(readSecret(secret(2, chain)).notAfterMs).to.equal(soon.getTime());
    const reverse = authority.certificatePem + certificatePem;
    expect(readSecret(secret(2, reverse)).notAfterMs).to.equal(soon.getTime());
  });

  it('tells its kind and the fingerprints of its certificates', () => {
    const { fingerprint256 } = new X509Certificate(authority.certificatePem);
    const trust = readSecret(secret(4, authority.certificatePem));
    expect(trust.kind).to.equal('trust');
    expect(trust.fingerprints).to.deep.equal([fingerprint256]);
    expect(readSecret(secret(3, 'keys')).kind).to.equal('ticket-keys');
    expect(readSecret(secret(5, certificatePem))).to.deep.equal({
      kind: 'generic',
      fingerprints: [],
      notAfterMs: undefined,
      notBeforeMs: undefined,
    });
  });

  it('has no certificates where none can be read', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const text of ['a key', broken]) {
      const content = readSecret(secret(2, text));
      expect(content).to.deep.equal({
        kind: 'certificate',
        fingerprints: [],
        notAfterMs: undefined,
        notBeforeMs: undefined,
      });
    }
    expect(readSecret(new Uint8Array()).kind).to.equal(undefined);
  });
});
