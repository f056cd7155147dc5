import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { sealPrivateKey, type KeyEncryptionKey } from '../tokens/keys/envelope.ts';
import type { KeyAlgorithm, KeyUse } from '../tokens/keys/signing-key.ts';
import type { PublicJwk, StoredKey } from './stored-key.ts';

const ROOT_KEY_BYTES = 32;
const RSA_BITS = 3072;

/** A new key that signs nothing yet, encrypted for storage. */
export async function generateKey(
  use: KeyUse,
  algorithm: KeyAlgorithm,
  kek: KeyEncryptionKey,
  nowMs: number,
): Promise<StoredKey> {
  const { kid, publicJwk, privateBytes } = await newKey(algorithm);
  const key = { kid, use, algorithm, state: 'pending', createdMs: nowMs } as const;
  const sealed = sealPrivateKey(kek, key, privateBytes, randomBytes);
  privateBytes.fill(0);
  return { key, publicJwk, sealed };
}

interface NewKey {
  readonly kid: string;
  readonly publicJwk: PublicJwk | undefined;
  readonly privateBytes: Buffer;
}

/** One whose name can be an argument of a command: it does not begin like an option. */
async function newKey(algorithm: KeyAlgorithm): Promise<NewKey> {
  for (;;) {
    const made = algorithm === 'HMAC-SHA256' ? rootKey() : await signingPair(algorithm);
    if (!made.kid.startsWith('-')) return made;
  }
}

/** Its name follows from a hash that says nothing of it. */
function rootKey(): NewKey {
  const privateBytes = randomBytes(ROOT_KEY_BYTES);
  const kid = createHash('sha256').update('authplane root key id').update(privateBytes).digest('base64url');
  return { kid, publicJwk: undefined, privateBytes };
}

async function signingPair(algorithm: 'ES256' | 'RS256' | 'EdDSA'): Promise<NewKey> {
  const { publicKey, privateKey } = pairOf(algorithm);
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const publicJwk = { ...(jwk as PublicJwk), kid, alg: algorithm, use: 'sig' };
  return { kid, publicJwk, privateBytes: privateKey.export({ type: 'pkcs8', format: 'der' }) };
}

function pairOf(algorithm: 'ES256' | 'RS256' | 'EdDSA'): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
  }
}
