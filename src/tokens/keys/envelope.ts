import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { AuthplaneError } from '../../platform/errors.ts';
import type { SigningKey } from './signing-key.ts';

/** A private key as it is stored: encrypted with a data key of its own, which is encrypted with a key-encryption key (KEK). */
export interface SealedPrivateKey {
  readonly ciphertext: Uint8Array;
  readonly wrappedDataKey: Uint8Array;
  /** `KeyEncryptionKey.id` of what wraps the data key. */
  readonly kekId: string;
}

/** A key-encryption key. Only `wrap` and `unwrap` know its bytes. */
export interface KeyEncryptionKey {
  /** 16 hexadecimal digits that follow from the key and say nothing of it. */
  readonly id: string;
  /** @param nonce 12 bytes that are never used twice. */
  wrap(dataKey: Uint8Array, boundTo: string, nonce: Uint8Array): Uint8Array;
  /** @throws AuthplaneError KEK_INVALID when it was wrapped by another key, for another signing key, or is damaged. */
  unwrap(wrapped: Uint8Array, boundTo: string): Uint8Array;
}

/** Length of a key-encryption key and of data keys. */
export const KEK_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a sealed key is bound to: it can be taken for no other key, use or algorithm. */
type KeyIdentity = Pick<SigningKey, 'kid' | 'use' | 'algorithm'>;

/** @param bytes 32 random bytes. */
export function keyEncryptionKey(bytes: Uint8Array): KeyEncryptionKey {
  const derive = (purpose: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', bytes, new Uint8Array(), `authplane kek ${purpose}`, length));
  const wrapping = derive('wrap', KEK_BYTES);
  const id = derive('id', 8).toString('hex');
  return {
    id,
    wrap: (dataKey, boundTo, nonce) => encrypt(wrapping, dataKey, boundTo, nonce),
    unwrap: (wrapped, boundTo) => {
      const dataKey = decrypt(wrapping, wrapped, boundTo);
      if (dataKey !== undefined) return dataKey;
      throw new AuthplaneError(
        'KEK_INVALID',
        `the data key of a signing key cannot be unwrapped by KEK ${id}`,
      );
    },
  };
}

/** Random bytes, this many; of the system in production. */
export type RandomBytes = (length: number) => Uint8Array;

/** Encrypts a private key with a fresh data key (AES-256-GCM), and wraps that. */
export function sealPrivateKey(
  kek: KeyEncryptionKey,
  key: KeyIdentity,
  privateKey: Uint8Array,
  random: RandomBytes,
): SealedPrivateKey {
  const dataKey = random(KEK_BYTES);
  const boundTo = bindingOf(key);
  const ciphertext = encrypt(dataKey, privateKey, boundTo, random(NONCE_BYTES));
  const wrappedDataKey = kek.wrap(dataKey, boundTo, random(NONCE_BYTES));
  dataKey.fill(0);
  return { ciphertext, wrappedDataKey, kekId: kek.id };
}

/**
 * @param keks the current key-encryption key and those before it.
 * @throws AuthplaneError KEK_INVALID when none of them wraps the key, or the stored bytes are not those of this key.
 */
export function openPrivateKey(
  keks: readonly KeyEncryptionKey[],
  key: KeyIdentity,
  sealed: SealedPrivateKey,
): Buffer {
  const boundTo = bindingOf(key);
  const dataKey = kekOf(keks, key, sealed).unwrap(sealed.wrappedDataKey, boundTo);
  const privateKey = decrypt(dataKey, sealed.ciphertext, boundTo);
  dataKey.fill(0);
  if (privateKey !== undefined) return privateKey;
  throw new AuthplaneError(
    'KEK_INVALID',
    `signing key ${key.kid} cannot be decrypted: what is stored was changed`,
  );
}

/** The same private key with its data key wrapped by the first of `keks`. @throws AuthplaneError KEK_INVALID as `openPrivateKey`. */
export function rewrap(
  keks: readonly KeyEncryptionKey[],
  key: KeyIdentity,
  sealed: SealedPrivateKey,
  random: RandomBytes,
): SealedPrivateKey {
  const [current] = keks;
  if (current === undefined || current.id === sealed.kekId) return sealed;
  const boundTo = bindingOf(key);
  const dataKey = kekOf(keks, key, sealed).unwrap(sealed.wrappedDataKey, boundTo);
  const wrappedDataKey = current.wrap(dataKey, boundTo, random(NONCE_BYTES));
  dataKey.fill(0);
  return { ciphertext: sealed.ciphertext, wrappedDataKey, kekId: current.id };
}

function kekOf(
  keks: readonly KeyEncryptionKey[],
  { kid }: KeyIdentity,
  { kekId }: SealedPrivateKey,
): KeyEncryptionKey {
  const kek = keks.find(({ id }) => id === kekId);
  if (kek !== undefined) return kek;
  const given = keks.map(({ id }) => id).join(', ');
  throw new AuthplaneError('KEK_INVALID', `signing key ${kid} is wrapped by KEK ${kekId}; given is ${given}`);
}

function bindingOf({ kid, use, algorithm }: KeyIdentity): string {
  return JSON.stringify(['authplane signing key 1', kid, use, algorithm]);
}

function encrypt(key: Uint8Array, bytes: Uint8Array, boundTo: string, nonce: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(boundTo));
  const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

function decrypt(key: Uint8Array, bytes: Uint8Array, boundTo: string): Buffer | undefined {
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  if (tag.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(boundTo)).setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    // The tag does not fit: another key, another binding, or changed bytes.
    return undefined;
  }
}
