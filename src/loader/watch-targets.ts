import { stat } from 'node:fs/promises';
import type { WatchedDirectory } from '../platform/watch-files.ts';
import { fileIdentity, systemErrorCode } from './file-stat.ts';
import { inBatches } from './in-batches.ts';
import { linkChain } from './link-chain.ts';
import type { SourceScan } from './tree-reader.ts';

export interface WatchTargets {
  readonly directories: readonly WatchedDirectory[];
  /** `fileIdentity` of each directory by path: another one under the same path has to be watched anew. */
  readonly identities: ReadonlyMap<string, string>;
}

const WIDTH = 16;

/**
 * What to watch for a scan: all directories that were walked, entirely; and, by name only, the entries that decide what
 * the snapshot directory, the links in it, and the assets lead to.
 */
export async function watchTargets(directory: string, scan: SourceScan): Promise<WatchTargets> {
  const paths = [directory, ...scan.directory.links, ...scan.assets.map(asset => asset.path)];
  const chains = (await inBatches(paths, WIDTH, linkChain)).flat();
  const walked = [...scan.directory.directories.keys()].map(path => ({ directory: path }));
  const others = new Set(chains.map(target => target.directory)).difference(scan.directory.directories);
  const identities = await inBatches([...others], WIDTH, identify);
  return {
    directories: [...walked, ...chains],
    identities: new Map([...scan.directory.directories, ...identities]),
  };
}

async function identify(directory: string): Promise<readonly [string, string]> {
  try {
    return [directory, fileIdentity(await stat(directory, { bigint: true }))];
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    return [directory, 'missing'];
  }
}
