import { createHash } from 'node:crypto';
import type { Diagnostic } from '../resources/diagnostic.ts';
import type { Asset, SourceFile } from '../resources/source-tree.ts';

/**
 * The hash of a source tree (SHA-256, hex): of every path and content, of what was refused and why, and of the assets.
 * Equal hash, nothing to do. Every part is written with its length, so that no two trees run together.
 */
export function hashTree(
  files: readonly SourceFile[],
  refused: readonly Diagnostic[],
  assets: ReadonlyMap<string, Asset>,
): string {
  return hashParts([
    ...files.flatMap(file => ['file', file.path, file.hash]),
    ...refused.flatMap(({ file, code, message }) => ['refused', file, code, message]),
    ...[...assets].flatMap(([path, asset]) => [
      'asset',
      path,
      asset.kind === 'read' ? asset.hash : asset.reason,
    ]),
  ]);
}

/** SHA-256 (hex) of a list of texts. */
export function hashParts(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`);
  return hash.digest('hex');
}
