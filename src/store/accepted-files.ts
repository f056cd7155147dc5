import { MATCH_ALL } from '../resources/node.ts';
import type { LoadedFile } from './load.ts';
import type { AcceptedFile, GroupResult, LatestSource } from './store-state.ts';

/**
 * The files accepted after a load: a good file counts from when a group that has it is published (or no
 * proxy can get it); until then, and while it is broken, the earlier one stands. Deleted files go.
 */
export function acceptedFiles(
  before: ReadonlyMap<string, AcceptedFile>,
  source: LatestSource,
  groups: ReadonlyMap<string, GroupResult>,
): ReadonlyMap<string, AcceptedFile> {
  const published = new Set<string>();
  const held = new Set<string>();
  for (const result of groups.values()) {
    const files = result.kind === 'published' ? result.group.snapshot.files : result.files;
    for (const path of files) (result.kind === 'published' ? published : held).add(path);
  }
  const accepted = new Map<string, AcceptedFile>();
  const files = new Map<string, LoadedFile>(source.load.files.map(file => [file.path, file]));
  for (const path of new Set([...files.keys(), ...source.broken.keys()])) {
    const file = files.get(path);
    const good = file !== undefined && !source.broken.has(path) && (published.has(path) || !held.has(path));
    const entry = good ? acceptedFile(file) : before.get(path);
    if (entry !== undefined) accepted.set(path, entry);
  }
  return accepted;
}

function acceptedFile({ path, hash, matcher, resourceCounts }: LoadedFile): AcceptedFile {
  return { path, hash, matcher: matcher ?? MATCH_ALL, resourceCounts };
}
