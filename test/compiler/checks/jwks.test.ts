import { expect } from 'chai';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { checkJwks } from '../../../src/compiler/checks/jwks.ts';

function jwk(fields: object = {}): JsonWebKey {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', ...fields };
}

function check(...keys: readonly object[]): readonly string[] {
  return checkJwks(JSON.stringify({ keys })).map(issue => `${issue.severity} ${issue.code} ${issue.message}`);
}

describe('checkJwks', () => {
  it('accepts public keys of the kinds that Envoy verifies with', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
    const edwards = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    expect(
      check(jwk(), { ...rsa, kid: 'r', alg: 'RS256' }, { ...edwards, kid: 'e', alg: 'EdDSA' }),
    ).to.deep.equal([]);
  });

  it('refuses what is no key set', () => {
    expect(checkJwks('{').map(issue => issue.message)).to.deep.equal(['the JWKS is not JSON']);
    expect(checkJwks('[]').map(issue => issue.message)).to.deep.equal(['the JWKS has no list "keys"']);
    expect(check()).to.deep.equal(['error AP1253 the JWKS has no key that can verify a token']);
  });

  it('refuses symmetric and private keys without printing them', () => {
    const secret = check({ kty: 'oct', k: 'c2VjcmV0' });
    expect(secret).to.deep.equal([
      'error AP1610 key 1 is symmetric: whoever sees the configuration can sign with it',
    ]);
    expect(check(jwk({ d: 'c2VjcmV0' }))).to.deep.equal(['error AP1610 key "k" is a private key']);
  });

  it('warns of keys without alg and of kids that stand twice', () => {
    expect(check(jwk({ alg: undefined }))).to.deep.equal([
      'warning AP1610 key "k" has no alg: a token may choose any that fits the key',
    ]);
    expect(check(jwk(), jwk())).to.deep.equal(['warning AP1253 two keys have the kid "k"']);
  });

  it('refuses keys that cannot be read or whose alg does not fit', () => {
    expect(check(jwk({ x: 'AAAA' }))).to.deep.equal(['error AP1253 key "k" cannot be read']);
    expect(check(jwk({ alg: 'RS256' }))).to.deep.equal([
      'error AP1253 key "k" has an alg that does not fit its kty EC',
    ]);
    expect(check(jwk({ alg: 'ES384' }))).to.deep.equal([
      'error AP1253 key "k" has an alg that does not fit its crv',
    ]);
    expect(check(jwk({ alg: 'none' }))[0]).to.match(/AP1253/);
  });

  it('ignores keys for encryption and of kinds that are not known, as Envoy does', () => {
    expect(check(jwk(), jwk({ kid: 'e', use: 'enc' }), { kty: 'PQ', kid: 'q' })).to.deep.equal([]);
    expect(check({ kty: 'PQ' })).to.deep.equal(['error AP1253 the JWKS has no key that can verify a token']);
  });
});
