import { Buffer } from 'node:buffer';

/** One block between `-----BEGIN label-----` and `-----END label-----` (RFC 7468). */
export interface PemBlock {
  /** For example `CERTIFICATE`, `X509 CRL`, `EC PRIVATE KEY`. */
  readonly label: string;
  /** The block as it stands in the file, delimiters included. */
  readonly text: string;
  /** The decoded body. Empty for a body with headers (an encrypted key in the traditional form). */
  readonly der: Uint8Array;
}

/** Blocks of a file, or why it is not a PEM file. `half-written`: a BEGIN line without its END line. */
export type PemFile =
  | { readonly kind: 'blocks'; readonly blocks: readonly PemBlock[] }
  | { readonly kind: 'empty' | 'no-blocks' }
  | { readonly kind: 'half-written' | 'bad-base64'; readonly label: string };

const BEGIN = /^-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?$/m;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/** Reads all blocks of a PEM file (RFC 7468). Text between blocks is ignored, as OpenSSL does. */
export function readPem(bytes: Uint8Array): PemFile {
  let rest = Buffer.from(bytes).toString('latin1');
  if (rest.trim() === '') return { kind: 'empty' };
  const blocks: PemBlock[] = [];
  for (;;) {
    const begin = BEGIN.exec(rest);
    if (begin === null) break;
    const label = begin[1] ?? '';
    const bodyStart = begin.index + begin[0].length;
    const endLine = `-----END ${label}-----`;
    const end = rest.indexOf(endLine, bodyStart);
    const nextBegin = rest.indexOf('-----BEGIN ', bodyStart);
    if (end < 0 || (nextBegin >= 0 && nextBegin < end)) return { kind: 'half-written', label };
    const body = rest.slice(bodyStart, end);
    const encrypted = body.includes(':');
    if (!encrypted && !BASE64.test(body)) return { kind: 'bad-base64', label };
    blocks.push({
      label,
      text: `${rest.slice(begin.index, end + endLine.length)}\n`,
      der: encrypted ? new Uint8Array() : Buffer.from(body, 'base64'),
    });
    rest = rest.slice(end + endLine.length);
  }
  if (blocks.length > 0) return { kind: 'blocks', blocks };
  // The first line itself may be cut.
  return rest.trimStart().startsWith('-----BEG')
    ? { kind: 'half-written', label: '' }
    : { kind: 'no-blocks' };
}
