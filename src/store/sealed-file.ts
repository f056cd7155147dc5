import { createHash } from 'node:crypto';
import { AuthplaneError } from '../platform/errors.ts';

/** What a sealed file holds. */
export type SealedKind = 'group' | 'index';

/** Goes up with every change of what the files hold; files of another format are refused. */
const FORMAT = 1;
const MAGIC = 'authplane-last-known-good';
const HEADER = new RegExp(`^${MAGIC} (\\d{1,9}) (group|index) ([0-9a-f]{64}) (\\d{1,15})\\n`);
const MAX_HEADER_LENGTH = 160;

/** Puts a line before the bytes: format, kind, SHA-256 and length. */
export function sealFile(kind: SealedKind, payload: Uint8Array): Buffer {
  const header = `${MAGIC} ${FORMAT} ${kind} ${sha256(payload)} ${payload.length}\n`;
  return Buffer.concat([Buffer.from(header), payload]);
}

/**
 * The bytes of a sealed file. `name` is for the message, which never quotes content.
 * @throws AuthplaneError STATE_CORRUPT when anything in the file is not as it was written, or of another format.
 */
export function unsealFile(name: string, kind: SealedKind, bytes: Uint8Array): Buffer {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = HEADER.exec(view.subarray(0, MAX_HEADER_LENGTH).toString('latin1'));
  if (header === null) throw corrupt(name, 'it does not start as such a file does');
  const [line, format, storedKind, checksum, length] = header;
  if (format !== String(FORMAT)) {
    throw corrupt(name, `it has format ${format}, and this authplane reads format ${FORMAT}`);
  }
  if (storedKind !== kind) throw corrupt(name, `it is of kind ${storedKind}, not ${kind}`);
  const payload = view.subarray(line.length);
  if (String(payload.length) !== length)
    throw corrupt(name, `it has ${payload.length} bytes in place of ${length}`);
  if (sha256(payload) !== checksum) throw corrupt(name, 'its checksum does not fit');
  return payload;
}

/** The error for a file that cannot be used. `reason` must not quote content. */
export function corrupt(name: string, reason: string): AuthplaneError {
  return new AuthplaneError('STATE_CORRUPT', `last-known-good file ${name} is refused: ${reason}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
