import type { Diagnostic } from '../resources/diagnostic.ts';
import { MATCH_ALL, type NodeMatcher } from '../resources/node.ts';
import type { Load } from './load.ts';
import type { MemberFile } from './membership.ts';
import type { AcceptedFile } from './store-state.ts';

/** Whom the files of a load are for. */
export interface PlacedFiles {
  readonly members: readonly MemberFile[];
  /** Broken files of which nobody knows whom they are for. */
  readonly unplaced: readonly string[];
}

/**
 * Who gets which files. A good file: as it says. A broken one: whom it names now and whom it was for when last
 * accepted, so that an edit that is not finished moves nobody.
 */
export function placeFiles(
  accepted: ReadonlyMap<string, AcceptedFile>,
  load: Load,
  broken: ReadonlyMap<string, readonly Diagnostic[]>,
): PlacedFiles {
  const members: MemberFile[] = [];
  const unplaced: string[] = [];
  const stated = new Map<string, NodeMatcher | undefined>(load.files.map(file => [file.path, file.matcher]));
  for (const { path, matcher } of load.files) {
    if (!broken.has(path)) members.push({ path, matchers: [matcher ?? MATCH_ALL] });
  }
  for (const path of broken.keys()) {
    const matchers = [stated.get(path), accepted.get(path)?.matcher].filter(matcher => matcher !== undefined);
    if (matchers.length === 0) unplaced.push(path);
    else members.push({ path, matchers });
  }
  return { members, unplaced };
}

/** The errors of each file that has one, by path; files that could not be taken included. */
export function brokenFiles(load: Load): ReadonlyMap<string, readonly Diagnostic[]> {
  const broken = new Map<string, Diagnostic[]>();
  for (const file of load.files) {
    if (!file.ok)
      broken.set(
        file.path,
        file.diagnostics.filter(({ severity }) => severity === 'error'),
      );
  }
  for (const diagnostic of load.refused) {
    const known = broken.get(diagnostic.file);
    if (known === undefined) broken.set(diagnostic.file, [diagnostic]);
    else known.push(diagnostic);
  }
  return broken;
}
