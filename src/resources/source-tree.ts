import type { Diagnostic } from './diagnostic.ts';

/** One snapshot file as read. */
export interface SourceFile {
  /** Relative to the snapshot directory, with forward slashes. */
  readonly path: string;
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  readonly text: string;
}

/** A file that a snapshot file names (certificate, key, bundle, CRL), as read; or why it could not be. */
export type Asset =
  | { readonly kind: 'read'; readonly hash: string; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: 'missing' | 'unreadable' | 'too-large' | 'not-a-file' };

/** One consistent state of the snapshot directory: two scans agreed on it. */
export interface SourceTree {
  /** Hash of all paths and contents, assets included: equal hash, nothing to do. */
  readonly hash: string;
  /** Sorted by path. */
  readonly files: readonly SourceFile[];
  /** Files that exist but could not be taken (too large, unreadable, a link out of the directory, not UTF-8). */
  readonly refused: readonly Diagnostic[];
  /** By absolute path, as resolved from the file that names it. */
  readonly assets: ReadonlyMap<string, Asset>;
}
