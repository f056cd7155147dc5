import { expect } from 'chai';
import fc from 'fast-check';
import { DerError } from '../../src/certificates/der.ts';
import { isSignedBy, readRevocationList } from '../../src/certificates/revocation-list.ts';
import {
  ed25519Key,
  generatedRevocationList,
  p384Key,
  rsaKey,
  rsaPssKey,
} from '../support/generated-certificate.ts';

const NEXT_UPDATE = new Date('2056-02-03T04:05:06Z');
const KEYS = {
  'RSA and SHA-256': () => rsaKey(2048),
  'RSA and SHA-512': () => rsaKey(2048, 'sha512'),
  'RSASSA-PSS': rsaPssKey,
  'ECDSA on P-384': p384Key,
  Ed25519: ed25519Key,
};

describe('readRevocationList', () => {
  for (const [name, makeKey] of Object.entries(KEYS)) {
    it(`verifies a list signed with ${name}`, () => {
      const key = makeKey();
      const list = readRevocationList(generatedRevocationList(key, 'Some  CA', NEXT_UPDATE));
      expect(isSignedBy(list, key.publicKey)).to.equal(true);
      expect(isSignedBy({ ...list, signedBytes: Buffer.from('other') }, key.publicKey)).to.equal(false);
      expect(isSignedBy(list, makeKey().publicKey)).to.equal(false);
      expect(list.nextUpdateMs).to.equal(NEXT_UPDATE.getTime());
      expect(list.thisUpdateMs).to.equal(0);
      expect(list.issuer).to.contain('2.5.4.3=some ca');
    });
  }

  it('is not signed by a key of another kind', () => {
    const list = readRevocationList(generatedRevocationList(ed25519Key(), 'x', NEXT_UPDATE));
    expect(isSignedBy(list, rsaKey(2048).publicKey)).to.equal(false);
    expect(isSignedBy({ ...list, signatureAlgorithm: '1.2.3' }, rsaKey(2048).publicKey)).to.equal(false);
  });

  it('answers every change of a byte and every cut with a list or a DerError', () => {
    const der = generatedRevocationList(ed25519Key(), 'x', NEXT_UPDATE);
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), fc.nat(der.length), (index, value, length) => {
        const changed = Uint8Array.from(der).subarray(0, Math.max(length, 1));
        if (index < changed.length) changed[index] = value;
        try {
          readRevocationList(changed);
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(DerError);
        }
      }),
    );
  });
});
