import { createPublicKey } from 'node:crypto';
import type { Jwk } from '../tokens/config/token-config.ts';
import type { FindKey, VerificationKey } from '../tokens/jwt/verify-jwt.ts';

const IMPORTED = new WeakMap<Jwk, VerificationKey>();

/** Finds keys of a key set by `kid`; a token without one is meant for the only key there is. */
export function keysOf(jwks: readonly Jwk[]): FindKey {
  return kid => {
    const usable = jwks.filter(jwk => jwk['use'] !== 'enc' && typeof jwk['alg'] === 'string');
    const found = kid === undefined ? usable : usable.filter(jwk => jwk['kid'] === kid);
    const [only] = found;
    return only === undefined || found.length > 1 ? undefined : imported(only);
  };
}

/** The keys were checked when they were read, so importing one cannot fail. */
function imported(jwk: Jwk): VerificationKey {
  let key = IMPORTED.get(jwk);
  if (key === undefined) {
    key = { algorithm: String(jwk['alg']), publicKey: createPublicKey({ key: { ...jwk }, format: 'jwk' }) };
    IMPORTED.set(jwk, key);
  }
  return key;
}
