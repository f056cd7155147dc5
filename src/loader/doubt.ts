import type { SourceTree } from '../resources/source-tree.ts';
import type { DirectoryScan } from './scan-directory.ts';

/** A tree with the scan under which it was read. */
export interface ScannedTree {
  readonly tree: SourceTree;
  readonly directory: DirectoryScan;
}

/**
 * Why a tree may well be the middle of a save, seen from the files alone: nothing is there, something cannot be read, a
 * file of the last tree has vanished (and its content is nowhere else), or one has become shorter in place. The last
 * two are how a half-written save can be valid YAML that says less than its author meant, so that nothing else tells.
 */
export function doubtAbout(next: ScannedTree, last: ScannedTree | undefined): string | undefined {
  const { tree } = next;
  if (tree.files.length === 0) return 'no file';
  if (tree.refused.length > 0) return 'a file is refused';
  if ([...tree.assets.values()].some(asset => asset.kind === 'failed'))
    return 'a file that is named cannot be read';
  if (last === undefined) return undefined;
  return hasVanished(next, last)
    ? 'a file has vanished'
    : shrankInPlace(next, last)
      ? 'a file was cut short'
      : undefined;
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
