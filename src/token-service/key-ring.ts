import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { openPrivateKey, type KeyEncryptionKey } from '../tokens/keys/envelope.ts';
import { isLive, type KeyAlgorithm, type SigningKey } from '../tokens/keys/signing-key.ts';
import type { Signer } from '../tokens/jwt/access-token.ts';
import type { FindKey, VerificationKey } from '../tokens/jwt/verify-jwt.ts';
import type { PublicJwk, StoredKey } from './stored-key.ts';

/** The signing keys as they are used, opened once. Immutable: a change makes another ring. */
export class KeyRing {
  readonly keys: readonly SigningKey[];
  /** Public keys of all that may sign or has signed, for proxies and services (RFC 7517). */
  readonly jwks: readonly PublicJwk[];
  readonly #signers: ReadonlyMap<string, Signer>;
  readonly #verifiers: ReadonlyMap<string, VerificationKey>;
  readonly #rootKeys: ReadonlyMap<string, { readonly key: SigningKey; readonly bytes: Uint8Array }>;

  /** @throws AuthplaneError KEK_INVALID when a live key cannot be opened. */
  constructor(stored: readonly StoredKey[], keks: readonly KeyEncryptionKey[]) {
    this.keys = stored.map(({ key }) => key);
    const live = stored.filter(({ key }) => isLive(key));
    this.jwks = live.map(({ publicJwk }) => publicJwk).filter(jwk => jwk !== undefined);
    this.#verifiers = new Map(live.flatMap(({ key, publicJwk }) => verifier(key, publicJwk)));
    this.#signers = new Map(live.flatMap(entry => signer(entry, keks)));
    this.#rootKeys = new Map(live.flatMap(entry => rootKey(entry, keks)));
  }

  /** The key that signs access tokens now; undefined: none is active yet. */
  signer(algorithm: KeyAlgorithm): Signer | undefined {
    return this.#signers.get(algorithm);
  }

  /** Keys that verify access tokens. */
  readonly findKey: FindKey = kid => (kid === undefined ? undefined : this.#verifiers.get(kid));

  /** The root key of new macaroons. */
  activeRootKey(): { readonly kid: string; readonly bytes: Uint8Array } | undefined {
    const active = [...this.#rootKeys.values()].find(({ key }) => key.state === 'active');
    return active === undefined ? undefined : { kid: active.key.kid, bytes: active.bytes };
  }

  /** The root key of a macaroon. A pending one has made none. */
  rootKey(kid: string): Uint8Array | undefined {
    const found = this.#rootKeys.get(kid);
    return found === undefined || found.key.state === 'pending' ? undefined : found.bytes;
  }
}

function verifier(
  key: SigningKey,
  publicJwk: PublicJwk | undefined,
): readonly (readonly [string, VerificationKey])[] {
  if (publicJwk === undefined) return [];
  const publicKey: KeyObject = createPublicKey({ key: { ...publicJwk }, format: 'jwk' });
  return [[key.kid, { algorithm: key.algorithm, publicKey }]];
}

/** Pending keys are opened too: one that cannot be is better found before it is needed. */
function signer(
  { key, sealed }: StoredKey,
  keks: readonly KeyEncryptionKey[],
): readonly (readonly [string, Signer])[] {
  if (key.use !== 'jwt' || sealed === undefined) return [];
  const bytes = openPrivateKey(keks, key, sealed);
  const privateKey = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  bytes.fill(0);
  if (key.state !== 'active') return [];
  return [[key.algorithm, { kid: key.kid, algorithm: key.algorithm, privateKey }]];
}

function rootKey(
  { key, sealed }: StoredKey,
  keks: readonly KeyEncryptionKey[],
): readonly (readonly [string, { readonly key: SigningKey; readonly bytes: Uint8Array }])[] {
  if (key.use !== 'macaroon' || sealed === undefined) return [];
  return [[key.kid, { key, bytes: openPrivateKey(keks, key, sealed) }]];
}
