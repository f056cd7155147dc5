import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { generateKey } from '../../src/token-service/generate-key.ts';
import { KeyRing } from '../../src/token-service/key-ring.ts';
import { keyEncryptionKey } from '../../src/tokens/keys/envelope.ts';

const KEK = keyEncryptionKey(randomBytes(32));

describe('generateKey', () => {
  it('makes keys whose names can be arguments of commands', async () => {
    const made = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        generateKey(index % 2 === 0 ? 'jwt' : 'macaroon', index % 2 === 0 ? 'ES256' : 'HMAC-SHA256', KEK, 1),
      ),
    );
    for (const { key } of made) expect(key.kid).to.match(/^[A-Za-z0-9_]/);
  });

  for (const algorithm of ['ES256', 'RS256', 'EdDSA'] as const) {
    it(`makes ${algorithm} keys that are published without their private half, and signs when they are active`, async () => {
      const stored = await generateKey('jwt', algorithm, KEK, 1);
      expect(stored.publicJwk).to.include({ alg: algorithm, use: 'sig', kid: stored.key.kid });
      expect(stored.publicJwk).to.not.have.any.keys('d', 'p', 'q', 'k');
      const active = { ...stored, key: { ...stored.key, state: 'active' as const } };
      expect(new KeyRing([stored], [KEK]).signer(algorithm)).to.equal(undefined);
      expect(new KeyRing([active], [KEK]).signer(algorithm)?.kid).to.equal(stored.key.kid);
    });
  }
});
