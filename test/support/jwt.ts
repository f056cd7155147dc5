import { generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from 'node:crypto';

/** An ES256 key that signs tokens (RFC 7519) for tests. */
export class TokenKey {
  readonly keyId: string;
  readonly #privateKey: KeyObject;

  constructor(keyId = 'k1', privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) {
    this.keyId = keyId;
    this.#privateKey = privateKey;
  }

  /** The public half as a JWK (RFC 7517). */
  get publicJwk(): JsonWebKey {
    const { x = '', y = '' } = this.#privateKey.export({ format: 'jwk' });
    return { kty: 'EC', crv: 'P-256', x, y, kid: this.keyId, alg: 'ES256', use: 'sig' };
  }

  /** A compact JWS. Claims default to `iat` now and `exp` in an hour; a claim given wins. */
  sign(claims: Readonly<Record<string, unknown>>): string {
    const nowS = Math.floor(Date.now() / 1000);
    const header = encode({ alg: 'ES256', typ: 'JWT', kid: this.keyId });
    const payload = encode({ iat: nowS, exp: nowS + 3600, ...claims });
    const signature = sign('sha256', Buffer.from(`${header}.${payload}`), {
      key: this.#privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return `${header}.${payload}.${signature.toString('base64url')}`;
  }
}

/** A JWKS document with the public halves. */
export function jwksOf(keys: readonly TokenKey[]): string {
  return JSON.stringify({ keys: keys.map(key => key.publicJwk) });
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
