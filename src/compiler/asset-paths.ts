import { authAssetPaths } from './auth/auth-assets.ts';
import type { CheckedFile } from './checked-file.ts';
import { pathsOf } from './file-secret.ts';

/** The absolute paths of all files that a snapshot file names, sorted, each once. */
export function assetPathsOf(file: CheckedFile): readonly string[] {
  const paths = new Set<string>();
  for (const path of file.fileSecrets.flatMap(pathsOf)) paths.add(path);
  for (const path of authAssetPaths(file.auth)) paths.add(path);
  return [...paths].sort();
}
