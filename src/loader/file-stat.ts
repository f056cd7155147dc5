import type { BigIntStats } from 'node:fs';
import { messageOf } from '../platform/errors.ts';

/**
 * What tells that a file has not been touched: `dev:ino:birth:size:mtimeNs:ctimeNs`. Inode and ctime catch what size and
 * mtime do not: content replaced with the old mtime put back (Nix, OSTree, SOURCE_DATE_EPOCH, `cp -p`).
 */
export function fileSignature(stats: BigIntStats): string {
  return `${fileIdentity(stats)}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

/**
 * Which file or directory this is, whatever is in it: `dev:ino:birthtimeNs`. Equal before and after a write in place, not after a
 * rename over it: the time of birth tells a file from a later one that was given the same inode, as happens to every
 * other file that is saved by writing it beside and renaming.
 */
export function fileIdentity(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
}

/** What a path leads to that is not a regular file, in words: `a directory`, `a FIFO`. */
export function describeKind(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  if (stats.isBlockDevice() || stats.isCharacterDevice()) return 'a device';
  return 'not a regular file';
}

/** The code of a system error such as ENOENT, or undefined. */
export function systemErrorCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined;
}

/** The message of a system error without the call and the machine's own path: `EACCES: permission denied`. */
export function reasonOf(thrown: unknown): string {
  return messageOf(thrown).replace(/, [a-z]+( '.*)?$/s, '');
}
