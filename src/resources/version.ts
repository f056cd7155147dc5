import { createHash } from 'node:crypto';

/** A content hash (hex, 16 characters). Never a counter or a clock: equal content has equal versions on every replica. */
export type Version = string & { readonly __brand: 'Version' };

/** Hashes the parts with their lengths, so that ("ab", "c") and ("a", "bc") differ. */
export function contentVersion(parts: Iterable<string | Uint8Array>): Version {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    hash.update(`${bytes.length}:`);
    hash.update(bytes);
  }
  return hash.digest('hex').slice(0, 16) as Version;
}
