import { createHash, randomBytes } from 'node:crypto';
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
const SECRET_BYTES = 32;
const FORM = /^apat-([A-Za-z0-9_-]{43})([0-9a-f]{8})$/;

/** A new token: 256 random bits and a checksum. Too long to be guessed, so a plain hash of it can be stored. */
export function newPersonalToken(): string {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
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
