import type { SealedPrivateKey } from '../tokens/keys/envelope.ts';
import type { SigningKey } from '../tokens/keys/signing-key.ts';

/** A public key of RFC 7517 with `kid`, `alg` and `use`. */
export type PublicJwk = Readonly<Record<string, string>>;

/** A signing key as it is stored. */
export interface StoredKey {
  readonly key: SigningKey;
  /** Undefined for macaroon keys, which have no public half. */
  readonly publicJwk: PublicJwk | undefined;
  /** Undefined once the key has ended. */
  readonly sealed: SealedPrivateKey | undefined;
}
