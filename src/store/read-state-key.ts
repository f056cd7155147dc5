import { readFile } from 'node:fs/promises';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { KEY_BYTES, keyBytes } from '../platform/key-bytes.ts';

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
  const key = keyBytes(bytes);
  if (key !== undefined) return key;
  const message = `${path} is no key: it must be ${KEY_BYTES} bytes, also as hexadecimal digits or base64`;
  throw new AuthplaneError('STATE_DIR_UNUSABLE', `${message} (openssl rand -hex ${KEY_BYTES})`);
}
