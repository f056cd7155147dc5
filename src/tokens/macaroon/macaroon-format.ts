import { readBinaryV1 } from './binary-v1.ts';
import { readBinaryV2, writeBinaryV2 } from './binary-v2.ts';
import { readJsonV2 } from './json-v2.ts';
import { MacaroonFormatError, MAX_BUNDLE_BYTES, MAX_DISCHARGES } from './macaroon-limits.ts';
import type { Macaroon } from './macaroon.ts';
import type { MacaroonBundle } from './verify-macaroon.ts';

/** A macaroon and its discharges as one text: base64url of the binary form (version 2), one after the other. */
export function writeBundle({ macaroon, discharges }: MacaroonBundle): string {
  return Buffer.concat([macaroon, ...discharges].map(writeBinaryV2)).toString('base64url');
}

/**
 * Reads what `writeBundle` writes; also padded, in the other alphabet of base64, version 1, and one macaroon in JSON (version 2).
 * @throws MacaroonFormatError
 */
export function readBundle(text: string): MacaroonBundle {
  if (text.startsWith('{')) return { macaroon: readJsonV2(text), discharges: [] };
  const bytes = decodeBase64(text);
  const [macaroon, ...discharges] =
    bytes[0] === 2 ? readAll(bytes, readBinaryV2) : readAll(bytes, readBinaryV1);
  if (macaroon === undefined) throw new MacaroonFormatError('it is empty');
  return { macaroon, discharges };
}

/** Any alphabet and padding, but one canonical ending: what is left over of the last character is zero. */
function decodeBase64(text: string): Buffer {
  if (text.length > 2 * MAX_BUNDLE_BYTES) throw new MacaroonFormatError('it is too long');
  const plain = text
    .replace(/={0,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  const bytes = Buffer.from(plain, 'base64url');
  if (bytes.length === 0 || bytes.toString('base64url') !== plain)
    throw new MacaroonFormatError('it is not base64');
  if (bytes.length > MAX_BUNDLE_BYTES) throw new MacaroonFormatError('it is too long');
  return bytes;
}

type ReadOne = (bytes: Buffer) => { readonly macaroon: Macaroon; readonly rest: Buffer };

function readAll(bytes: Buffer, readOne: ReadOne): readonly Macaroon[] {
  const macaroons: Macaroon[] = [];
  for (let rest = bytes; rest.length > 0;) {
    if (macaroons.length > MAX_DISCHARGES) throw new MacaroonFormatError('it has too many discharges');
    const read = readOne(rest);
    macaroons.push(read.macaroon);
    ({ rest } = read);
  }
  return macaroons;
}
