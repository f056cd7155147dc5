import { expect } from 'chai';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { secretExpiryMs } from '../../src/certificates/secret-expiry.ts';
import { CertificateAuthority } from '../../src/cli/policy-test/certificate-authority.ts';

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

describe('the expiry of a secret', () => {
  const soon = new Date('2040-01-01T00:00:00Z');
  const authority = CertificateAuthority.create('root', { notAfter: new Date('2050-01-01T00:00:00Z') });
  const { certificatePem } = authority.issue({ notAfter: soon });

  it('is that of the first certificate of the chain to end', () => {
    expect(secretExpiryMs(secret(2, certificatePem + authority.certificatePem))).to.equal(soon.getTime());
    expect(secretExpiryMs(secret(2, authority.certificatePem + certificatePem))).to.equal(soon.getTime());
  });

  it('is unknown for what is no certificate of its own', () => {
    expect(secretExpiryMs(secret(4, certificatePem))).to.equal(undefined);
    expect(secretExpiryMs(secret(2, 'a key'))).to.equal(undefined);
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(secretExpiryMs(secret(2, broken))).to.equal(undefined);
    expect(secretExpiryMs(new Uint8Array())).to.equal(undefined);
  });
});
