import type { SourceTree } from '../resources/source-tree.ts';
import type { DirectoryScan } from './scan-directory.ts';

/** A tree with the scan under which it was read. */
export interface ScannedTree {
  readonly tree: SourceTree;
  readonly directory: DirectoryScan;
}

/**
 * Why a tree may well be the middle of a save, seen from the files alone and compared with the tree handed over last:
 * nothing is there, something can no longer be read, a file has vanished (and its content is nowhere else), or one has
 * become shorter in place. The last two are how a half-written save can be valid YAML that says less than its author
 * meant, so that nothing else tells. What was wrong before raises no new doubt, or it would delay every other edit.
 */
export function doubtAbout(next: ScannedTree, last: ScannedTree | undefined): string | undefined {
  if (next.tree.files.length === 0) return 'no file';
  if (hasNewRefusal(next.tree, last?.tree)) return 'a file is refused';
  if (hasNewFailure(next.tree, last?.tree)) return 'a file that is named cannot be read';
  if (last === undefined) return undefined;
  if (hasVanished(next, last)) return 'a file has vanished';
  return shrankInPlace(next, last) ? 'a file was cut short' : undefined;
}

function hasNewRefusal(next: SourceTree, last: SourceTree | undefined): boolean {
  const known = new Set(last?.refused.map(({ file, code }) => `${code} ${file}`));
  return next.refused.some(({ file, code }) => !known.has(`${code} ${file}`));
}

function hasNewFailure(next: SourceTree, last: SourceTree | undefined): boolean {
  return [...next.assets].some(
    ([path, asset]) => asset.kind === 'failed' && last?.assets.get(path)?.kind !== 'failed',
  );
}

function hasVanished(next: ScannedTree, last: ScannedTree): boolean {
  const paths = new Set(next.tree.files.map(file => file.path));
  const hashes = new Set(next.tree.files.map(file => file.hash));
  return last.tree.files.some(file => !paths.has(file.path) && !hashes.has(file.hash));
}

function shrankInPlace(next: ScannedTree, last: ScannedTree): boolean {
  const before = new Map(last.directory.files.map(file => [file.path, file]));
  return next.directory.files.some(({ path, identity, sizeBytes }) => {
    const file = before.get(path);
    return file?.identity === identity && sizeBytes < file.sizeBytes;
  });
}
