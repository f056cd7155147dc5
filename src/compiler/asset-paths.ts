import { authAssetPaths } from './auth/auth-assets.ts';
import type { CheckedFile } from './checked-file.ts';

/** The absolute paths of all files that a snapshot file names, sorted, each once. */
export function assetPathsOf(file: CheckedFile): readonly string[] {
  const paths = new Set<string>();
  for (const entry of file.certificates) paths.add(entry.certificateChainPath).add(entry.privateKeyPath);
  for (const entry of file.trustBundles) {
    paths.add(entry.trustedCaPath);
    if (entry.crlPath !== undefined) paths.add(entry.crlPath);
  }
  for (const path of authAssetPaths(file.auth)) paths.add(path);
  return [...paths].sort();
}
