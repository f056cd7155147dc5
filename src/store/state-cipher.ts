import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { corrupt } from './sealed-file.ts';

/** How files of the state directory are written: in clear text, or encrypted. `name` is the name of the file. */
export interface StateCipher {
  encrypt(name: string, bytes: Buffer): Buffer;
  /** @throws AuthplaneError STATE_CORRUPT when it was not written by this cipher, under this name, with this key. */
  decrypt(name: string, bytes: Buffer): Buffer;
  /** The name for a file whose content is these bytes: 40 hexadecimal digits, equal for equal bytes. */
  nameOf(bytes: Buffer): string;
}

const MAGIC = Buffer.from('authplane-encrypted 1 aes-256-gcm\n');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const STATE_KEY_BYTES = 32;
const NAME_DIGITS = 40;

/** Clear text, for operators who have said so. */
export const CLEAR_TEXT: StateCipher = {
  encrypt: (_name, bytes) => bytes,
  decrypt: (name, bytes) => {
    if (isEncrypted(bytes)) throw corrupt(name, 'it is encrypted; give --state-key-file');
    return bytes;
  },
  nameOf: bytes => createHash('sha256').update(bytes).digest('hex').slice(0, NAME_DIGITS),
};

/**
 * AES-256-GCM with a random nonce for every file and the name of the file as associated data, so that files cannot be exchanged for each other. Names
 * are keyed too: a plain hash would let somebody who reads the directory test guesses of the content.
 * @param key 32 bytes; encryption and names use keys derived from it (HKDF, RFC 5869).
 */
export function encryptedWith(key: Uint8Array): StateCipher {
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', key, new Uint8Array(), `authplane state ${purpose}`, STATE_KEY_BYTES));
  const contentKey = derive('content');
  const nameKey = derive('name');
  return {
    encrypt: (name, bytes) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', contentKey, nonce).setAAD(Buffer.from(name));
      const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([MAGIC, nonce, cipher.getAuthTag(), text]);
    },
    decrypt: (name, bytes) => {
      // Clear text is not taken: who may write here without the key must not be able to say what proxies get.
      if (!isEncrypted(bytes)) throw corrupt(name, 'it is not encrypted, and there is a key');
      const nonce = bytes.subarray(MAGIC.length, MAGIC.length + NONCE_BYTES);
      const tag = bytes.subarray(MAGIC.length + NONCE_BYTES, MAGIC.length + NONCE_BYTES + TAG_BYTES);
      if (tag.length < TAG_BYTES) throw corrupt(name, 'it is cut off');
      const decipher = createDecipheriv('aes-256-gcm', contentKey, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(name)).setAuthTag(tag);
      try {
        const text = bytes.subarray(MAGIC.length + NONCE_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(text), decipher.final()]);
      } catch {
        throw corrupt(name, 'it was encrypted with another key, or it is damaged');
      }
    },
    nameOf: bytes => createHmac('sha256', nameKey).update(bytes).digest('hex').slice(0, NAME_DIGITS),
  };
}

function isEncrypted(bytes: Buffer): boolean {
  return bytes.subarray(0, MAGIC.length).equals(MAGIC);
}
