import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A long-lived opaque token of a person or machine. Only its hash is stored. Times are milliseconds since the epoch. */
export interface PersonalToken {
  /** Public: names the token in lists and in the audit. */
  readonly id: string;
  readonly subject: string;
  /** What it is for, in the words of who made it. */
  readonly name: string;
  /** At most these scopes can be had for it. */
  readonly scopes: readonly string[];
  /** At most these audiences. */
  readonly audiences: readonly string[];
  /** Claims that tokens exchanged for it carry: texts, booleans, numbers and lists of texts. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly revokedMs: number | undefined;
}

/** How every personal token begins, so that scanners for leaked secrets find it. */
export const PERSONAL_TOKEN_PREFIX = 'apat-';
/** What a new token is made of. */
export const PERSONAL_TOKEN_BYTES = 32;
const FORM = /^apat-([A-Za-z0-9_-]{43})([0-9a-f]{8})$/;

/** A new token. @param random 32 random bytes: too many to be guessed, so a plain hash of the token can be stored. */
export function newPersonalToken(random: Uint8Array): string {
  const secret = Buffer.from(random).toString('base64url');
  return `${PERSONAL_TOKEN_PREFIX}${secret}${checksumOf(secret)}`;
}

/** Whether a text has the form of a personal token; the checksum tells a typing mistake without asking a database. */
export function isPersonalToken(text: string): boolean {
  const [, secret, checksum] = FORM.exec(text) ?? [];
  return secret !== undefined && checksumOf(secret) === checksum;
}

/** What is stored of a token, 32 bytes. */
export function hashPersonalToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function checksumOf(secret: string): string {
  return crc32(PERSONAL_TOKEN_PREFIX + secret)
    .toString(16)
    .padStart(8, '0');
}
