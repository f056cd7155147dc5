import { hasErrors, type CheckedFile } from '../compiler/checked-file.ts';
import { compileGroup } from '../compiler/compile-group.ts';
import type { Schema } from '../compiler/schema/registry.ts';
import type { Checked } from '../resources/diagnostic.ts';
import { MATCH_ALL } from '../resources/node.ts';
import { nodeGroupKey, type Snapshot } from '../resources/snapshot.ts';
import type { Asset, SourceTree } from '../resources/source-tree.ts';
import { SECRET, type TypeUrl } from '../resources/type-url.ts';
import type { Load, LoadedFile } from '../store/load.ts';

/** What a load is made of beside the tree. */
export interface LoadContext {
  readonly schema: Schema;
  /** For the validity of certificates; milliseconds since the epoch. */
  readonly nowMs: number;
  /** Fetched key sets by URL, beside the files of the tree. */
  readonly keySets?: ReadonlyMap<string, Asset>;
  /** Slots for auth chains. Default: that of the compiler. */
  readonly authSlots?: number;
  /** What a group was compiled to before, so that sets without change keep their identity. */
  readonly previous?: (nodeGroup: string) => Snapshot | undefined;
}

/** Makes a load of a tree whose files were checked. Each group is compiled at most once, when it is asked for. */
export function makeLoad(tree: SourceTree, files: readonly CheckedFile[], context: LoadContext): Load {
  const byPath = new Map(files.map(file => [file.path, file]));
  const assets = new Map([...tree.assets, ...(context.keySets ?? [])]);
  const { authSlots } = context;
  const compiled = new Map<string, Checked<Snapshot>>();
  return {
    treeHash: tree.hash,
    files: files.map(loadedFile),
    refused: tree.refused,
    compile: paths => {
      const key = nodeGroupKey(paths);
      let result = compiled.get(key);
      if (result === undefined) {
        result = compileGroup({
          files: paths.flatMap(path => byPath.get(path) ?? []),
          assets,
          nowMs: context.nowMs,
          previous: context.previous?.(key),
          schema: context.schema,
          ...(authSlots === undefined ? {} : { authSlots }),
        });
        compiled.set(key, result);
      }
      return result;
    },
  };
}

function loadedFile(file: CheckedFile): LoadedFile {
  const ok = !hasErrors(file);
  return {
    path: file.path,
    hash: file.hash,
    matcher: file.matcher ?? (ok ? MATCH_ALL : undefined),
    ok,
    diagnostics: file.diagnostics,
    resourceCounts: resourceCountsOf(file),
  };
}

/** What the file defines, by type; what names files becomes a secret. */
function resourceCountsOf(file: CheckedFile): ReadonlyMap<TypeUrl, number> {
  const secrets = file.fileSecrets.map(() => SECRET);
  const counts = new Map<TypeUrl, number>();
  for (const typeUrl of [...file.resources.map(({ resource }) => resource.typeUrl), ...secrets]) {
    counts.set(typeUrl, (counts.get(typeUrl) ?? 0) + 1);
  }
  return counts;
}
