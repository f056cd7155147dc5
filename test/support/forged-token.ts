import { createHmac, sign, type KeyObject } from 'node:crypto';

/** A compact JWS of whatever header and payload, signed as told. */
export interface Forgery {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Makes the signature of `header.payload`. Default: none. */
  readonly signature?: (input: string) => Buffer;
}

export function encodePart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The token. */
export function forge({ header, payload, signature = () => Buffer.alloc(0) }: Forgery): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${signature(input).toString('base64url')}`;
}

export const withHmac =
  (secret: string) =>
  (input: string): Buffer =>
    createHmac('sha256', secret).update(input).digest();

export const withEc =
  (key: KeyObject) =>
  (input: string): Buffer =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });

/** RS256, or PS256 with `pss`. */
export const withRsa =
  (key: KeyObject, pss = false) =>
  (input: string): Buffer =>
    pss
      ? sign('sha256', Buffer.from(input), { key, padding: 6, saltLength: 32 })
      : sign('sha256', Buffer.from(input), key);
