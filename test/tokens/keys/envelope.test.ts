import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import {
  keyEncryptionKey,
  openPrivateKey,
  rewrap,
  sealPrivateKey,
} from '../../../src/tokens/keys/envelope.ts';

const KEY = { kid: 'k1', use: 'jwt', algorithm: 'ES256' } as const;
const SECRET = Buffer.from('private key bytes');

describe('sealPrivateKey', () => {
  const kek = keyEncryptionKey(randomBytes(32));

  it('gives back what was sealed', () => {
    const sealed = sealPrivateKey(kek, KEY, SECRET, randomBytes);
    expect(openPrivateKey([kek], KEY, sealed)).to.deep.equal(SECRET);
    expect(Buffer.concat([sealed.ciphertext, sealed.wrappedDataKey]).includes(SECRET)).to.equal(false);
  });

  it('is bound to kid, use and algorithm', () => {
    const sealed = sealPrivateKey(kek, KEY, SECRET, randomBytes);
    for (const other of [{ kid: 'k2' }, { use: 'macaroon' as const }, { algorithm: 'EdDSA' as const }]) {
      expect(() => openPrivateKey([kek], { ...KEY, ...other }, sealed)).to.throw('cannot be unwrapped');
    }
  });

  it('names the key-encryption key that is needed', () => {
    const other = keyEncryptionKey(randomBytes(32));
    expect(() => openPrivateKey([other], KEY, sealPrivateKey(kek, KEY, SECRET, randomBytes))).to.throw(
      `signing key k1 is wrapped by KEK ${kek.id}; given is ${other.id}`,
    );
  });

  it('notices every change of what is stored', () => {
    const sealed = sealPrivateKey(kek, KEY, SECRET, randomBytes);
    const changed = Buffer.from(sealed.ciphertext);
    for (let index = 0; index < changed.length; index++) {
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => openPrivateKey([kek], KEY, { ...sealed, ciphertext: changed })).to.throw('was changed');
      changed[index] = (changed[index] ?? 0) ^ 1;
    }
    expect(() => openPrivateKey([kek], KEY, { ...sealed, ciphertext: changed.subarray(0, 20) })).to.throw(
      'changed',
    );
  });

  it('is wrapped anew by another key-encryption key without touching the private key', () => {
    const sealed = sealPrivateKey(kek, KEY, SECRET, randomBytes);
    const next = keyEncryptionKey(randomBytes(32));
    const rewrapped = rewrap([next, kek], KEY, sealed, randomBytes);
    expect(rewrapped.ciphertext).to.equal(sealed.ciphertext);
    expect(openPrivateKey([next], KEY, rewrapped)).to.deep.equal(SECRET);
    expect(() => openPrivateKey([kek], KEY, rewrapped)).to.throw(next.id);
    expect(rewrap([next, kek], KEY, rewrapped, randomBytes)).to.equal(rewrapped);
  });
});
