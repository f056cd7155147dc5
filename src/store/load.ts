import type { Checked, Diagnostic } from '../resources/diagnostic.ts';
import type { NodeMatcher } from '../resources/node.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';

/** One file of a load, after it was checked by itself. */
export interface LoadedFile {
  /** Relative to the snapshot directory, with forward slashes. */
  readonly path: string;
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  /** Which proxies get the file. Undefined when it cannot be read from a broken file; in a good file it means all. */
  readonly matcher: NodeMatcher | undefined;
  /** False when the file itself has an error, which holds back every group that has it. */
  readonly ok: boolean;
  /** Errors and warnings about the file by itself. */
  readonly diagnostics: readonly Diagnostic[];
  /** How many resources of each type the file defines. */
  readonly resourceCounts: ReadonlyMap<TypeUrl, number>;
}

/** One consistent state of the snapshot directory, ready to be accepted. A pure value: `compile` depends on nothing else. */
export interface Load {
  /** Equal for equal trees; what an operator confirms when the shrink guard refuses. */
  readonly treeHash: string;
  readonly files: readonly LoadedFile[];
  /** Files that exist but could not be taken. Nobody knows which proxies they are for. */
  readonly refused: readonly Diagnostic[];
  /**
   * Compiles the group that is made of these files (sorted paths, all of them in `files`). Of a group with a file that is not
   * `ok` only the diagnostics are used. Called once per group and load.
   */
  compile(files: readonly string[]): Checked<Snapshot>;
}
