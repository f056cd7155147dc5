import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { checkFile } from '../compiler/check-file.ts';
import { assetPathsOf } from '../compiler/asset-paths.ts';
import type { CheckedFile } from '../compiler/checked-file.ts';
import { loadSchema, type Schema } from '../compiler/schema/registry.ts';
import { TreeReader } from '../loader/tree-reader.ts';
import { CheckedFiles } from '../pipeline/checked-files.ts';
import { makeLoad } from '../pipeline/make-load.ts';
import { readDescriptorImage } from '../platform/descriptor-image.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import type { Asset, SourceFile, SourceTree } from '../resources/source-tree.ts';
import { acceptLoad } from '../store/acceptance.ts';
import type { LoadOutcome } from '../store/load-outcome.ts';
import { EMPTY_STATE, type StoreState } from '../store/store-state.ts';

/** What a server would make of a directory, had it just started with an empty state directory. */
export interface LoadedDirectory {
  readonly tree: SourceTree;
  readonly files: readonly CheckedFile[];
  readonly state: StoreState;
  readonly outcome: LoadOutcome;
  readonly schema: Schema;
  readonly nowMs: number;
}

/** What a command does otherwise than `serve` by default. */
export interface LoadOptions {
  /** Puts other contents in the place of files that snapshot files name. */
  readonly replaceAssets?: (
    files: readonly CheckedFile[],
    assets: ReadonlyMap<string, Asset>,
  ) => ReadonlyMap<string, Asset>;
  /** As `serve --auth-slots`. */
  readonly authSlots?: number;
}

const MAX_ATTEMPTS = 20;

/**
 * Reads, checks and compiles a snapshot directory (or one file by itself) as `serve` does, once.
 * @throws AuthplaneError SETTINGS_INVALID when the path does not exist, holds no snapshot file or keeps changing.
 */
export async function loadDirectory(
  path: string,
  nowMs: number,
  options: LoadOptions = {},
): Promise<LoadedDirectory> {
  const absolute = resolve(path);
  const stats = await stat(absolute).catch((thrown: unknown) => {
    throw new AuthplaneError('SETTINGS_INVALID', `${path}: ${messageOf(thrown)}`, { cause: thrown });
  });
  const only = stats.isDirectory() ? undefined : basename(absolute);
  const directory = only === undefined ? absolute : dirname(absolute);
  const schema = loadSchema(readDescriptorImage());
  const checked = new CheckedFiles({
    check: file => checkFile(file, { schema, snapshotDirectory: directory }),
  });
  const isWanted = (file: { readonly path: string }): boolean => only === undefined || file.path === only;
  const whole = await readTree(directory, async files =>
    (await checked.check(files.filter(isWanted))).flatMap(assetPathsOf),
  );
  const refused = whole.refused.filter(({ file }) => only === undefined || file === only);
  const tree = { ...whole, files: whole.files.filter(isWanted), refused };
  if (tree.files.length === 0 && tree.refused.length === 0) {
    throw new AuthplaneError('SETTINGS_INVALID', `${path}: there is no snapshot file (*.yaml)`);
  }
  const files = await checked.check(tree.files);
  const assets = options.replaceAssets?.(files, tree.assets) ?? tree.assets;
  const { authSlots } = options;
  const load = makeLoad({ ...tree, assets }, files, {
    schema,
    nowMs,
    ...(authSlots === undefined ? {} : { authSlots }),
  });
  return {
    tree,
    files,
    schema,
    nowMs,
    ...acceptLoad(EMPTY_STATE, load, { nowMs, nodes: [], shrinkGuard: false }),
  };
}

async function readTree(
  directory: string,
  assetPaths: (files: readonly SourceFile[]) => Promise<readonly string[]>,
): Promise<SourceTree> {
  const reader = new TreeReader({ assetPathsOf: assetPaths }, { directory });
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const before = await reader.scan();
    const reading = await reader.read(before, false);
    const after = await reader.scan();
    if (reading.kind === 'tree' && after.signature === before.signature) return reading.tree;
  }
  throw new AuthplaneError('SETTINGS_INVALID', `${directory}: the files keep changing while they are read`);
}
