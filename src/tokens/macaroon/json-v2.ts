import { MacaroonFormatError, MAX_BUNDLE_BYTES, MAX_CAVEATS } from './macaroon-limits.ts';
import { SIGNATURE_BYTES, type Caveat, type Macaroon } from './macaroon.ts';

// The JSON form, version 2, of libmacaroons: fields as text (`i`), or as base64url (`i64`) when they are no UTF-8.

type Json = Readonly<Record<string, unknown>>;

/** As a value for JSON.stringify. */
export function writeJsonV2({ location, identifier, caveats, signature }: Macaroon): Json {
  return {
    v: 2,
    ...(location === undefined ? {} : { l: location }),
    ...writeBytes('i', identifier),
    ...(caveats.length === 0 ? {} : { c: caveats.map(writeCaveat) }),
    s64: Buffer.from(signature).toString('base64url'),
  };
}

function writeCaveat({ location, identifier, verificationId }: Caveat): Json {
  return {
    ...(location === undefined ? {} : { l: location }),
    ...writeBytes('i', identifier),
    ...(verificationId === undefined ? {} : { v64: Buffer.from(verificationId).toString('base64url') }),
  };
}

function writeBytes(key: string, bytes: Uint8Array): Json {
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text).equals(bytes)
    ? { [key]: text }
    : { [`${key}64`]: Buffer.from(bytes).toString('base64url') };
}

/** Reads one macaroon. @param text JSON. @throws MacaroonFormatError */
export function readJsonV2(text: string): Macaroon {
  if (text.length > 2 * MAX_BUNDLE_BYTES) throw new MacaroonFormatError('it is too long');
  const json = parse(text);
  expectKeys(json, ['v', 'l', 'i', 'i64', 'c', 's', 's64']);
  // Some implementations leave the version out.
  if (json['v'] !== undefined && json['v'] !== 2) throw new MacaroonFormatError('it has an unknown version');
  const list = json['c'] ?? [];
  if (!Array.isArray(list)) throw new MacaroonFormatError('its caveats are no list');
  if (list.length > MAX_CAVEATS) throw new MacaroonFormatError('it has too many caveats');
  const identifier = readBytes(json, 'i');
  const signature = readBytes(json, 's');
  if (identifier === undefined) throw new MacaroonFormatError('it has no identifier');
  if (signature?.length !== SIGNATURE_BYTES) throw new MacaroonFormatError('it has no signature of 32 bytes');
  return { ...readLocation(json), identifier, caveats: list.map(readCaveat), signature };
}

function readCaveat(json: unknown): Caveat {
  if (!isObject(json)) throw new MacaroonFormatError('a caveat is no object');
  expectKeys(json, ['l', 'i', 'i64', 'v', 'v64']);
  const identifier = readBytes(json, 'i');
  const verificationId = readBytes(json, 'v');
  if (identifier === undefined) throw new MacaroonFormatError('a caveat has no identifier');
  if (verificationId === undefined) {
    if (json['l'] !== undefined)
      throw new MacaroonFormatError('a caveat has a location and no verification id');
    return { identifier };
  }
  return { ...readLocation(json), identifier, verificationId };
}

function readLocation(json: Json): { readonly location?: string } {
  const location = json['l'];
  if (location === undefined) return {};
  if (typeof location !== 'string') throw new MacaroonFormatError('a location is no text');
  return { location };
}

function readBytes(json: Json, key: string): Buffer | undefined {
  const text = json[key];
  const encoded = json[`${key}64`];
  if (text !== undefined && encoded !== undefined) throw new MacaroonFormatError('a field is there twice');
  if (typeof text === 'string') return Buffer.from(text);
  if (text !== undefined) throw new MacaroonFormatError('a field is no text');
  if (encoded === undefined) return undefined;
  if (typeof encoded !== 'string' || !/^[A-Za-z0-9_-]*={0,2}$/.test(encoded)) {
    throw new MacaroonFormatError('a field is not base64');
  }
  return Buffer.from(encoded, 'base64url');
}

function expectKeys(json: Json, known: readonly string[]): void {
  if (Object.keys(json).some(key => !known.includes(key)))
    throw new MacaroonFormatError('it has an unknown field');
}

function parse(text: string): Json {
  try {
    const json: unknown = JSON.parse(text);
    if (isObject(json)) return json;
  } catch {
    // Said below.
  }
  throw new MacaroonFormatError('it is no JSON object');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
