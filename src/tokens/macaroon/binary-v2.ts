import { MacaroonFormatError, MAX_BUNDLE_BYTES, MAX_CAVEATS } from './macaroon-limits.ts';
import { SIGNATURE_BYTES, type Caveat, type Macaroon } from './macaroon.ts';

// The binary form, version 2, of libmacaroons (doc/format.txt): sections of fields (type, length, bytes), each section ended by a field
// of type 0. Types are in rising order within a section, and each is there once.

const VERSION = 2;
const END = 0;
const LOCATION = 1;
const IDENTIFIER = 2;
const VERIFICATION_ID = 4;
const SIGNATURE = 6;

/** One macaroon. */
export function writeBinaryV2({ location, identifier, caveats, signature }: Macaroon): Buffer {
  return Buffer.concat([
    Buffer.of(VERSION),
    writeSection(location, identifier, undefined),
    ...caveats.map(caveat => writeSection(caveat.location, caveat.identifier, caveat.verificationId)),
    Buffer.of(END),
    writeField(SIGNATURE, signature),
  ]);
}

function writeSection(
  location: string | undefined,
  identifier: Uint8Array,
  verificationId: Uint8Array | undefined,
): Buffer {
  return Buffer.concat([
    ...(location === undefined ? [] : [writeField(LOCATION, Buffer.from(location))]),
    writeField(IDENTIFIER, identifier),
    ...(verificationId === undefined ? [] : [writeField(VERIFICATION_ID, verificationId)]),
    Buffer.of(END),
  ]);
}

function writeField(type: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type), writeLength(bytes.length), bytes]);
}

function writeLength(length: number): Buffer {
  const digits: number[] = [];
  let rest = length;
  while (rest >= 0x80) {
    digits.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...digits, rest]);
}

/** Reads one macaroon from the front. @throws MacaroonFormatError */
export function readBinaryV2(bytes: Buffer): { readonly macaroon: Macaroon; readonly rest: Buffer } {
  const reader = new Reader(bytes);
  if (reader.byte() !== VERSION) throw new MacaroonFormatError('it has an unknown version');
  const head = reader.section();
  if (head?.identifier === undefined || head.verificationId !== undefined) {
    throw new MacaroonFormatError('it begins with no identifier');
  }
  const caveats: Caveat[] = [];
  for (let section = reader.section(); section !== undefined; section = reader.section()) {
    caveats.push(caveatOf(section));
    if (caveats.length > MAX_CAVEATS) throw new MacaroonFormatError('it has too many caveats');
  }
  const signature = reader.field(SIGNATURE);
  if (signature?.length !== SIGNATURE_BYTES) throw new MacaroonFormatError('it has no signature of 32 bytes');
  const { location, identifier } = head;
  return {
    macaroon: { ...(location === undefined ? {} : { location }), identifier, caveats, signature },
    rest: reader.rest(),
  };
}

interface Section {
  readonly location: string | undefined;
  readonly identifier: Uint8Array;
  readonly verificationId: Uint8Array | undefined;
}

function caveatOf({ location, identifier, verificationId }: Section): Caveat {
  if (verificationId === undefined) {
    if (location !== undefined)
      throw new MacaroonFormatError('a caveat has a location and no verification id');
    return { identifier };
  }
  return { identifier, verificationId, ...(location === undefined ? {} : { location }) };
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new MacaroonFormatError('it is cut off');
    return byte;
  }

  /** Undefined at an empty section, which ends the list of caveats. */
  section(): Section | undefined {
    const location = this.field(LOCATION);
    const identifier = this.field(IDENTIFIER);
    const verificationId = this.field(VERIFICATION_ID);
    if (this.byte() !== END) throw new MacaroonFormatError('it has a field in the wrong place');
    if (identifier === undefined) {
      if (location === undefined && verificationId === undefined) return undefined;
      throw new MacaroonFormatError('a section has no identifier');
    }
    return { location: location === undefined ? undefined : textOf(location), identifier, verificationId };
  }

  /** The bytes of the next field if it has this type. */
  field(type: number): Buffer | undefined {
    if (this.#bytes[this.#at] !== type) return undefined;
    this.#at++;
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new MacaroonFormatError('it is cut off');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  /** In the shortest form only, so that a macaroon has one spelling. */
  #length(): number {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      length |= (byte & 0x7f) << shift;
      if (length > MAX_BUNDLE_BYTES || shift > 14)
        throw new MacaroonFormatError('it has a field that is too long');
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw new MacaroonFormatError('it has a length in a long form');
        return length;
      }
    }
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8.
    throw new MacaroonFormatError('a location is no text');
  }
}
