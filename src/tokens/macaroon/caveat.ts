import { BlockList, isIP } from 'node:net';

/** A condition as it is written: `exp 1767323045`, `method GET,HEAD`, `path /api/v4/projects`. */
export type CaveatKind = 'exp' | 'nbf' | 'aud' | 'scope' | 'method' | 'path' | 'cidr' | 'project' | 'cnf';

/** A condition that could be read. Lists are "any of". */
export type TypedCaveat =
  /** Seconds since the epoch: not from then on, and not before. */
  | { readonly kind: 'exp' | 'nbf'; readonly seconds: number }
  | { readonly kind: 'aud' | 'scope' | 'method' | 'project'; readonly values: readonly string[] }
  /** The path is this one or below it, whole segments; `/` allows every path. */
  | { readonly kind: 'path'; readonly prefix: string }
  | { readonly kind: 'cidr'; readonly ranges: readonly CidrRange[] }
  /** SHA-256 of the client certificate, base64url (RFC 8705, `x5t#S256`). */
  | { readonly kind: 'cnf'; readonly thumbprint: string };

export interface CidrRange {
  readonly address: string;
  readonly prefixBits: number;
}

/** Why a text is no condition. */
export interface CaveatProblem {
  readonly problem: string;
}

const MAX_TEXT = 512;
const LIST_VALUE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/;
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;
const METHOD = /^[A-Z]{1,20}$/;
/** No dots, escapes or double slashes, about whose meaning two programs may disagree. */
const PLAIN_PATH = /^(\/|(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)$/;

/** Reads a condition. What cannot be read, and what nobody here knows, is a problem: it must refuse. Pure. */
export function parseCaveat(identifier: Uint8Array): TypedCaveat | CaveatProblem {
  if (identifier.length > MAX_TEXT) return { problem: 'a caveat is too long' };
  const text = Buffer.from(identifier).toString('latin1');
  const [, kind, value] = /^([a-z]+) ([\x21-\x7e]+)$/.exec(text) ?? [];
  if (kind === undefined || value === undefined) return { problem: 'a caveat is not of the form KIND VALUE' };
  if (!Object.hasOwn(PARSERS, kind)) return { problem: `caveat ${kind} is unknown` };
  return PARSERS[kind as CaveatKind](value) ?? { problem: `caveat ${kind} has a bad value` };
}

/** Undefined for a bad value. */
const PARSERS: Readonly<Record<CaveatKind, (value: string) => TypedCaveat | undefined>> = {
  exp: value => parseTime('exp', value),
  nbf: value => parseTime('nbf', value),
  aud: value => parseList('aud', value, LIST_VALUE),
  scope: value => parseList('scope', value, LIST_VALUE),
  project: value => parseList('project', value, LIST_VALUE),
  method: value => parseList('method', value, METHOD),
  path: value => (PLAIN_PATH.test(value) ? { kind: 'path', prefix: value } : undefined),
  cidr: parseRanges,
  cnf: value => (THUMBPRINT.test(value) ? { kind: 'cnf', thumbprint: value } : undefined),
};

function parseTime(kind: 'exp' | 'nbf', value: string): TypedCaveat | undefined {
  return /^[1-9][0-9]{0,11}$/.test(value) ? { kind, seconds: Number(value) } : undefined;
}

function parseList(
  kind: 'aud' | 'scope' | 'method' | 'project',
  value: string,
  form: RegExp,
): TypedCaveat | undefined {
  const values = value.split(',');
  return values.every(item => form.test(item)) ? { kind, values } : undefined;
}

function parseRanges(value: string): TypedCaveat | undefined {
  const ranges = value.split(',').map(parseRange);
  return ranges.includes(undefined)
    ? undefined
    : { kind: 'cidr', ranges: ranges.filter(range => range !== undefined) };
}

function parseRange(text: string): CidrRange | undefined {
  const [, address = '', digits = ''] = /^([0-9a-fA-F:.]+)\/([0-9]{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  const prefixBits = Number(digits);
  return version === 0 || prefixBits > (version === 4 ? 32 : 128) ? undefined : { address, prefixBits };
}

/** Whether an address is in one of the ranges; an IPv4 address in IPv6 form counts as the IPv4 address. */
export function isInRanges(ranges: readonly CidrRange[], address: string): boolean {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  const version = isIP(plain);
  if (version === 0) return false;
  const list = new BlockList();
  for (const range of ranges) {
    list.addSubnet(range.address, range.prefixBits, isIP(range.address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}
