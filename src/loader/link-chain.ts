import { lstat, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, parse, sep } from 'node:path';
import type { WatchedDirectory } from '../platform/watch-files.ts';
import { systemErrorCode } from './file-stat.ts';

/** As many as Linux follows before ELOOP. */
const MAX_LINKS = 40;

/**
 * The entries that decide what `path` leads to: each symlink on the way, in its directory, then the last entry itself
 * and the directory that holds it; when something is missing, the entry that is missing. To watch these, and nothing
 * else of directories that may be busy ones, is to learn that a link was re-pointed (Kubernetes' `..data`), or the last
 * entry or its directory replaced or swapped by rename. A plain directory further up that is swapped is left to polling.
 *
 * Returns the directories by real path. @param path absolute
 */
export async function linkChain(path: string): Promise<WatchedDirectory[]> {
  const { root } = parse(path);
  const found: WatchedDirectory[] = [];
  let rest = splitPath(path.slice(root.length));
  let current = root;
  let links = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      current = dirname(current);
      continue;
    }
    const entry = await readEntry(join(current, name));
    if (entry.kind !== 'plain' || rest.length <= 1)
      found.push({ directory: current, names: new Set([name]) });
    if (entry.kind === 'missing' || links === MAX_LINKS) return found;
    if (entry.kind === 'plain') {
      current = join(current, name);
      continue;
    }
    links += 1;
    rest = [...splitPath(entry.target), ...rest];
    if (isAbsolute(entry.target)) current = root;
  }
  return found;
}

function splitPath(path: string): string[] {
  return path.split(sep).filter(part => part !== '' && part !== '.');
}

type Entry =
  | { readonly kind: 'missing' }
  | { readonly kind: 'plain' }
  | { readonly kind: 'link'; readonly target: string };

async function readEntry(path: string): Promise<Entry> {
  try {
    const stats = await lstat(path);
    return stats.isSymbolicLink() ? { kind: 'link', target: await readlink(path) } : { kind: 'plain' };
  } catch (thrown) {
    // Unreadable is as good as missing here: there is nothing further down that could be watched.
    if (systemErrorCode(thrown) === undefined) throw thrown;
    return { kind: 'missing' };
  }
}
