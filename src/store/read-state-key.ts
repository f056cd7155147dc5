import { readFile } from 'node:fs/promises';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { STATE_KEY_BYTES } from './state-cipher.ts';

/**
 * A key in a file: 32 bytes as they are, or as 64 hexadecimal digits or base64, with or without a line break.
 * @throws AuthplaneError STATE_DIR_UNUSABLE that names the file and never quotes it.
 */
export async function readStateKey(path: string): Promise<Uint8Array> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    throw new AuthplaneError('STATE_DIR_UNUSABLE', `the state key cannot be read: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  if (bytes.length === STATE_KEY_BYTES) return bytes;
  const text = bytes.toString('latin1').trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  const decoded = /^[A-Za-z0-9+/]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (decoded?.length === STATE_KEY_BYTES) return decoded;
  const message = `${path} is no key: it must be ${STATE_KEY_BYTES} bytes, also as hexadecimal digits or base64`;
  throw new AuthplaneError('STATE_DIR_UNUSABLE', `${message} (openssl rand -hex ${STATE_KEY_BYTES})`);
}
