import { lstat, opendir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { BigIntStats, Dirent } from 'node:fs';
import type { Diagnostic } from '../resources/diagnostic.ts';
import type { DiagnosticCode } from '../resources/diagnostic-codes.ts';
import { describeKind, fileIdentity, fileSignature, reasonOf, systemErrorCode } from './file-stat.ts';
import { inBatches } from './in-batches.ts';

/** A snapshot file that exists and may be read. */
export interface ScannedFile {
  /** Relative to the scanned directory, with forward slashes. */
  readonly path: string;
  /** Absolute, links resolved. */
  readonly realPath: string;
  readonly signature: string;
  /** See `fileIdentity`. */
  readonly identity: string;
  readonly sizeBytes: number;
}

/** What a directory tree holds at one moment, contents unread. */
export interface DirectoryScan {
  /** Sorted by path. */
  readonly files: readonly ScannedFile[];
  readonly refused: readonly Diagnostic[];
  /** Directories walked, by real path, with their `fileIdentity`: to be watched. Empty when the root is missing. */
  readonly directories: ReadonlyMap<string, string>;
  /** Absolute paths of the symlinks that were followed. */
  readonly links: readonly string[];
}

export interface ScanLimits {
  /** Larger files are refused unread. Default 32 MiB. */
  readonly maxFileBytes?: number;
}

const MAX_FILE_BYTES = 32 * 1024 * 1024;
const STAT_WIDTH = 32;

/** Hidden files, `..data` of Kubernetes mounts (its files are listed through the links beside it), backups, swap files. */
const SKIPPED_NAME = /^\.|~$|\.swp$|\.tmp$/;
const SNAPSHOT_NAME = /\.ya?ml$/;

/**
 * Lists the snapshot files (`*.yaml`, `*.yml`) of a directory, at any depth. Symlinks are followed as long as they stay
 * inside the real path of the directory; each real directory is walked once, so that loops end and nothing is listed
 * twice. A missing directory holds nothing. Never opens a file, never throws for what the file system says.
 */
export async function scanDirectory(directory: string, limits: ScanLimits = {}): Promise<DirectoryScan> {
  const walk = new Walk(limits.maxFileBytes ?? MAX_FILE_BYTES);
  let root: string;
  try {
    root = await realpath(directory);
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'ENOENT') walk.refuseUnreadable('.', thrown);
    return walk.result();
  }
  await walk.run(root);
  return walk.result();
}

interface Place {
  readonly realPath: string;
  /** Relative to the root, forward slashes, '' for the root. */
  readonly path: string;
}

class Walk {
  readonly #maxFileBytes: number;
  readonly #files: ScannedFile[] = [];
  readonly #refused: Diagnostic[] = [];
  readonly #directories = new Map<string, string>();
  readonly #links: string[] = [];
  #root = '';

  constructor(maxFileBytes: number) {
    this.#maxFileBytes = maxFileBytes;
  }

  result(): DirectoryScan {
    return {
      files: this.#files.sort((a, b) => compareText(a.path, b.path)),
      refused: this.#refused.sort((a, b) => compareText(a.file, b.file)),
      directories: this.#directories,
      links: this.#links.sort(compareText),
    };
  }

  /** Real directories first: one that is also linked to is listed under its own path. */
  async run(root: string): Promise<void> {
    this.#root = root;
    const links: Place[] = [];
    await this.#walkReal({ realPath: root, path: '' }, links);
    for (let link = links.shift(); link !== undefined; link = links.shift())
      await this.#followLink(link, links);
  }

  async #walkReal(start: Place, links: Place[]): Promise<void> {
    const pending = [start];
    for (let place = pending.shift(); place !== undefined; place = pending.shift()) {
      if (this.#directories.has(place.realPath)) continue;
      const files: Place[] = [];
      for (const entry of await this.#list(place)) {
        const child = childOf(place, entry.name);
        if (entry.isSymbolicLink()) links.push(child);
        else if (SNAPSHOT_NAME.test(entry.name)) files.push(child);
        else if (entry.isDirectory()) pending.push(child);
      }
      await inBatches(files, STAT_WIDTH, file => this.#addFile(file));
    }
  }

  async #list(place: Place): Promise<Dirent[]> {
    const entries: Dirent[] = [];
    try {
      this.#directories.set(place.realPath, fileIdentity(await stat(place.realPath, { bigint: true })));
      for await (const entry of await opendir(place.realPath, { bufferSize: 256 })) {
        if (!SKIPPED_NAME.test(entry.name)) entries.push(entry);
      }
    } catch (thrown) {
      this.refuseUnreadable(place.path || '.', thrown);
    }
    return entries.sort((a, b) => compareText(a.name, b.name));
  }

  async #followLink(link: Place, links: Place[]): Promise<void> {
    const isSnapshot = SNAPSHOT_NAME.test(link.path);
    try {
      const realPath = await realpath(link.realPath);
      const stats = await stat(realPath, { bigint: true });
      if (!isSnapshot && !stats.isDirectory()) return;
      this.#links.push(link.realPath);
      if (realPath !== this.#root && !realPath.startsWith(withSeparator(this.#root))) {
        this.refuse('AP1005', link.path, 'the link leads out of the snapshot directory');
      } else if (isSnapshot) this.#takeFile({ realPath, path: link.path }, stats);
      else await this.#walkReal({ realPath, path: link.path }, links);
    } catch (thrown) {
      if (!isSnapshot) return;
      this.#links.push(link.realPath);
      this.refuseUnreadable(link.path, thrown);
    }
  }

  async #addFile(file: Place): Promise<void> {
    try {
      const stats = await lstat(file.realPath, { bigint: true });
      // Gone, or made a link, since it was listed: an ordinary moment of a save, and the next scan tells.
      if (!stats.isSymbolicLink()) this.#takeFile(file, stats);
    } catch (thrown) {
      if (systemErrorCode(thrown) !== 'ENOENT') this.refuseUnreadable(file.path, thrown);
    }
  }

  #takeFile(file: Place, stats: BigIntStats): void {
    if (!stats.isFile()) {
      this.refuse('AP1004', file.path, `expected a file, found ${describeKind(stats)}`);
      return;
    }
    if (stats.size > this.#maxFileBytes) {
      this.refuse(
        'AP1003',
        file.path,
        `the file has ${stats.size} bytes; at most ${this.#maxFileBytes} are read`,
      );
      return;
    }
    this.#files.push({
      ...file,
      signature: fileSignature(stats),
      identity: fileIdentity(stats),
      sizeBytes: Number(stats.size),
    });
  }

  refuseUnreadable(file: string, thrown: unknown): void {
    this.refuse('AP1004', file, `cannot be read: ${reasonOf(thrown)}`);
  }

  refuse(code: DiagnosticCode, file: string, message: string): void {
    this.#refused.push({ file, line: 1, column: 1, severity: 'error', code, message });
  }
}

function childOf(place: Place, name: string): Place {
  return { realPath: join(place.realPath, name), path: place.path === '' ? name : `${place.path}/${name}` };
}

function withSeparator(directory: string): string {
  return directory.endsWith(sep) ? directory : directory + sep;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
