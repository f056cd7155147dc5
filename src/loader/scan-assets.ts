import { stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import type { Asset } from '../resources/source-tree.ts';
import { fileSignature, systemErrorCode } from './file-stat.ts';
import { inBatches } from './in-batches.ts';

type AssetFailure = Extract<Asset, { kind: 'failed' }>['reason'];

/** A file that a snapshot file names, contents unread. Links are followed wherever they lead: the operator named it. */
export type ScannedAsset =
  | { readonly kind: 'file'; readonly path: string; readonly signature: string }
  | { readonly kind: 'failed'; readonly path: string; readonly reason: AssetFailure };

const STAT_WIDTH = 32;

/** Looks at each path, in order. Never opens a file, never throws for what the file system says. */
export async function scanAssets(paths: readonly string[], maxBytes: number): Promise<ScannedAsset[]> {
  return inBatches(paths, STAT_WIDTH, path => scanAsset(path, maxBytes));
}

async function scanAsset(path: string, maxBytes: number): Promise<ScannedAsset> {
  let stats: BigIntStats;
  try {
    stats = await stat(path, { bigint: true });
  } catch (thrown) {
    return { kind: 'failed', path, reason: assetFailureOf(thrown) };
  }
  if (!stats.isFile()) return { kind: 'failed', path, reason: 'not-a-file' };
  if (stats.size > maxBytes) return { kind: 'failed', path, reason: 'too-large' };
  return { kind: 'file', path, signature: fileSignature(stats) };
}

/** Why a system error keeps an asset from being read. */
export function assetFailureOf(thrown: unknown): AssetFailure {
  return systemErrorCode(thrown) === 'ENOENT' ? 'missing' : 'unreadable';
}
