import { isUtf8 } from 'node:buffer';
import type { Diagnostic } from '../resources/diagnostic.ts';
import type { Asset, SourceFile, SourceTree } from '../resources/source-tree.ts';
import { reasonOf, systemErrorCode } from './file-stat.ts';
import { inBatches } from './in-batches.ts';
import { readStableFile, type FileContent } from './read-file.ts';
import { assetFailureOf, scanAssets, type ScannedAsset } from './scan-assets.ts';
import { scanDirectory, type DirectoryScan, type ScannedFile } from './scan-directory.ts';
import { hashParts, hashTree } from './tree-hash.ts';

/** Which files (absolute paths) the snapshot files name: certificates, keys, bundles. A pure function of the files. */
export type AssetPathsOf = (files: readonly SourceFile[]) => Promise<readonly string[]> | readonly string[];

/** Everything that a source tree is made of at one moment, contents unread. */
export interface SourceScan {
  /** Equal signatures: nothing was touched between the two scans. */
  readonly signature: string;
  readonly directory: DirectoryScan;
  readonly assets: readonly ScannedAsset[];
}

/** `unstable`: something changed under the hand of the reader, or other assets are named than were scanned: scan again. */
export type TreeReading =
  { readonly kind: 'tree'; readonly tree: SourceTree } | { readonly kind: 'unstable' };

export interface TreeReaderOptions {
  /** Absolute path of the snapshot directory. */
  readonly directory: string;
  /** Larger snapshot files are refused unread (AP1003). Default 32 MiB. */
  readonly maxFileBytes?: number;
  /** Larger assets are not read. Default 4 MiB. */
  readonly maxAssetBytes?: number;
}

const READ_WIDTH = 16;

type CachedFile = { readonly signature: string; readonly hash: string } & (
  { readonly file: SourceFile } | { readonly refused: Diagnostic }
);

/**
 * Turns the snapshot directory into a `SourceTree`, reading only what was touched since the last time. Remembers the
 * contents and which assets the files named; decides nothing about when to read.
 */
export class TreeReader {
  readonly #assetPathsOf: AssetPathsOf;
  readonly #directory: string;
  readonly #maxFileBytes: number;
  readonly #maxAssetBytes: number;
  #files: ReadonlyMap<string, CachedFile> = new Map();
  #assets: ReadonlyMap<string, { readonly signature: string; readonly asset: Asset }> = new Map();
  #assetPaths: readonly string[] = [];

  constructor(parts: { readonly assetPathsOf: AssetPathsOf }, options: TreeReaderOptions) {
    this.#assetPathsOf = parts.assetPathsOf;
    this.#directory = options.directory;
    this.#maxFileBytes = options.maxFileBytes ?? 32 * 1024 * 1024;
    this.#maxAssetBytes = options.maxAssetBytes ?? 4 * 1024 * 1024;
  }

  /** Looks at every file and at every asset known so far. */
  async scan(): Promise<SourceScan> {
    const [directory, assets] = await Promise.all([
      scanDirectory(this.#directory, { maxFileBytes: this.#maxFileBytes }),
      scanAssets(this.#assetPaths, this.#maxAssetBytes),
    ]);
    const signature = hashParts([
      ...directory.files.flatMap(file => ['file', file.path, file.signature]),
      ...directory.refused.flatMap(({ file, code, message }) => ['refused', file, code, message]),
      ...assets.flatMap(asset => [
        'asset',
        asset.path,
        asset.kind === 'file' ? asset.signature : asset.reason,
      ]),
    ]);
    return { signature, directory, assets };
  }

  /**
   * Reads what the scan saw. The caller scans once more afterwards: only an equal signature makes the tree true.
   * With `everything`, files are read even if their signature has not changed.
   */
  async read(scan: SourceScan, everything: boolean): Promise<TreeReading> {
    const cached = await inBatches(scan.directory.files, READ_WIDTH, file =>
      this.#readFile(file, everything),
    );
    const byPath = new Map<string, CachedFile>();
    for (const [index, { path }] of scan.directory.files.entries()) {
      const entry = cached[index];
      if (entry === undefined) return { kind: 'unstable' };
      byPath.set(path, entry);
    }
    this.#files = byPath;
    const entries = [...byPath.values()];
    const files = entries.flatMap(entry => ('file' in entry ? [entry.file] : []));
    const refused = [
      ...scan.directory.refused,
      ...entries.flatMap(entry => ('refused' in entry ? [entry.refused] : [])),
    ];

    const assetPaths = [...new Set(await this.#assetPathsOf(files))].sort();
    if (!equalLists(assetPaths, this.#assetPaths)) {
      this.#assetPaths = assetPaths;
      return { kind: 'unstable' };
    }
    const assets = await this.#readAssets(scan.assets, everything);
    if (assets === undefined) return { kind: 'unstable' };
    return { kind: 'tree', tree: { hash: hashTree(files, refused, assets), files, refused, assets } };
  }

  /** Undefined when the file is gone or being written. */
  async #readFile(scanned: ScannedFile, everything: boolean): Promise<CachedFile | undefined> {
    const known = this.#files.get(scanned.path);
    if (!everything && known?.signature === scanned.signature) return known;
    const reading = await readStableFile(scanned.realPath, this.#maxFileBytes);
    if (reading.kind === 'failed' && !isPassing(reading.thrown)) {
      const refused = refusal(scanned.path, 1, 'AP1004', `cannot be read: ${reasonOf(reading.thrown)}`);
      return { signature: scanned.signature, hash: '', refused };
    }
    if (reading.kind !== 'content') return undefined;
    const { signature, hash } = reading;
    if (known?.hash === hash) return { ...known, signature };
    return { signature, hash, ...decode(scanned.path, reading) };
  }

  async #readAssets(
    scanned: readonly ScannedAsset[],
    everything: boolean,
  ): Promise<ReadonlyMap<string, Asset> | undefined> {
    const readings = await inBatches(scanned, READ_WIDTH, asset => this.#readAsset(asset, everything));
    const cache = new Map<string, { readonly signature: string; readonly asset: Asset }>();
    const assets = new Map<string, Asset>();
    for (const [index, { path }] of scanned.entries()) {
      const entry = readings[index];
      if (entry === undefined) return undefined;
      assets.set(path, entry.asset);
      cache.set(path, entry);
    }
    this.#assets = cache;
    return assets;
  }

  async #readAsset(
    scanned: ScannedAsset,
    everything: boolean,
  ): Promise<{ readonly signature: string; readonly asset: Asset } | undefined> {
    if (scanned.kind === 'failed')
      return { signature: '', asset: { kind: 'failed', reason: scanned.reason } };
    const known = this.#assets.get(scanned.path);
    if (!everything && known?.signature === scanned.signature) return known;
    const reading = await readStableFile(scanned.path, this.#maxAssetBytes);
    if (reading.kind === 'failed' && !isPassing(reading.thrown)) {
      return { signature: '', asset: { kind: 'failed', reason: assetFailureOf(reading.thrown) } };
    }
    if (reading.kind !== 'content') return undefined;
    const { signature, hash, bytes } = reading;
    return { signature, asset: { kind: 'read', hash, bytes } };
  }
}

/** Gone since the scan, or the system is short of something for now: worth another try rather than a refusal. */
function isPassing(thrown: unknown): boolean {
  const code = systemErrorCode(thrown);
  return (
    code !== undefined && ['ENOENT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR', 'ESTALE'].includes(code)
  );
}

function decode(
  path: string,
  content: FileContent,
): { readonly file: SourceFile } | { readonly refused: Diagnostic } {
  const { bytes, hash } = content;
  if (isUtf8(bytes)) return { file: { path, hash, text: new TextDecoder().decode(bytes) } };
  return { refused: refusal(path, firstBadLine(bytes), 'AP1008', 'the line is not text in UTF-8') };
}

/** 1-based. A line feed is never part of a longer character in UTF-8, so lines can be tested one by one. */
function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end === -1 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(start, stop))) return line;
    start = stop;
  }
  return line;
}

function refusal(file: string, line: number, code: 'AP1004' | 'AP1008', message: string): Diagnostic {
  return { file, line, column: 1, severity: 'error', code, message };
}

function equalLists(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
