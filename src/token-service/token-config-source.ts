import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Schema } from '../compiler/schema/registry.ts';
import { writeFileAtomic } from '../platform/atomic-file.ts';
import type { Clock } from '../platform/clock.ts';
import { AuthplaneError } from '../platform/errors.ts';
import { readIfThere } from '../platform/read-if-there.ts';
import { formatDiagnostic } from '../resources/diagnostic.ts';
import type { Asset } from '../resources/source-tree.ts';
import { checkTokenFile, readTokenFile, tokenAssetPaths } from '../tokens/config/read-token-file.ts';
import type { TokenConfig } from '../tokens/config/token-config.ts';

export interface TokenConfigObserver {
  /** Another configuration counts from now on. */
  loaded(config: TokenConfig): void;
  /** The files on disk cannot be used; what counted before still does. Told once for each set of problems. */
  refused(problems: readonly string[]): void;
}

export interface TokenConfigParts {
  readonly schema: Schema;
  readonly clock: Clock;
  readonly observer: TokenConfigObserver;
  /** Calls back when one of the files may have changed. */
  readonly watch?: (paths: readonly string[], onHint: () => void) => Disposable;
}

export interface TokenConfigOptions {
  /** Absolute. */
  readonly path: string;
  /** Where the last good state of the files is kept for a restart; they hold public keys only. Undefined: nowhere. */
  readonly lastGoodPath?: string;
}

/** The contents of the file and of the files that it names, by absolute path; null: it cannot be read. */
type Files = ReadonlyMap<string, string | null>;

type Outcome =
  | { readonly kind: 'good'; readonly config: TokenConfig }
  | { readonly kind: 'bad'; readonly problems: readonly string[] };

const POLL_MS = 1_000;
/** A broken state must stand for so long before it is told: it may be the middle of a save. */
const SETTLE_MS = 1_000;

/** The configuration of the token service, read again when its files change. A bad edit leaves the last good one in force. */
export class TokenConfigSource {
  readonly #parts: TokenConfigParts;
  readonly #options: TokenConfigOptions;
  #config: TokenConfig | undefined;
  #fingerprint = '';
  #told = '';
  #brokenSinceMs: number | undefined;
  #timer: Disposable | undefined;
  #watched: { readonly key: string; readonly watch: Disposable | undefined } = { key: '', watch: undefined };
  #reading: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: TokenConfigParts, options: TokenConfigOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** @throws AuthplaneError INTERNAL before `start`. */
  get config(): TokenConfig {
    if (this.#config === undefined)
      throw new AuthplaneError('INTERNAL', 'the token configuration was not loaded');
    return this.#config;
  }

  /** @throws AuthplaneError TOKEN_CONFIG_INVALID with every problem, when the files are bad and no earlier state was kept. */
  async start(): Promise<void> {
    const files = await this.#readFiles();
    const outcome = this.#check(files);
    if (outcome.kind === 'good') await this.#accept(outcome.config, files);
    else {
      const kept = await this.#readLastGood();
      if (kept === undefined) throw new AuthplaneError('TOKEN_CONFIG_INVALID', outcome.problems.join('\n'));
      this.#config = kept;
      this.#parts.observer.loaded(kept);
      this.#tell(outcome.problems);
    }
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#watched.watch?.[Symbol.dispose]();
    await this.#reading;
  }

  /** Reads the files now. */
  reload(): Promise<void> {
    this.#reading ??= this.#reload().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  #arm(): void {
    if (this.#isStopped) return;
    this.#timer = this.#parts.clock.after(POLL_MS, () => void this.reload().then(() => this.#arm()));
  }

  async #reload(): Promise<void> {
    const files = await this.#readFiles();
    if (fingerprintOf(files) === this.#fingerprint) {
      this.#brokenSinceMs = undefined;
      this.#told = '';
      return;
    }
    const outcome = this.#check(files);
    if (outcome.kind === 'good') {
      await this.#accept(outcome.config, files);
      return;
    }
    const nowMs = this.#parts.clock.nowMs();
    this.#brokenSinceMs ??= nowMs;
    if (nowMs - this.#brokenSinceMs >= SETTLE_MS) this.#tell(outcome.problems);
  }

  async #accept(config: TokenConfig, files: Files): Promise<void> {
    this.#config = config;
    this.#fingerprint = fingerprintOf(files);
    this.#brokenSinceMs = undefined;
    this.#told = '';
    this.#watch([...files.keys()]);
    this.#parts.observer.loaded(config);
    const { lastGoodPath } = this.#options;
    if (lastGoodPath !== undefined)
      await writeFileAtomic(lastGoodPath, Buffer.from(JSON.stringify([...files])));
  }

  #tell(problems: readonly string[]): void {
    const told = problems.join('\n');
    if (told !== this.#told) this.#parts.observer.refused(problems);
    this.#told = told;
  }

  #watch(paths: readonly string[]): void {
    const key = paths.join('\n');
    if (key === this.#watched.key) return;
    this.#watched.watch?.[Symbol.dispose]();
    this.#watched = { key, watch: this.#parts.watch?.(paths, () => void this.reload()) };
  }

  async #readFiles(): Promise<Files> {
    const { path } = this.#options;
    const text = await readText(path);
    const named = text === null ? undefined : readTokenFile(this.#parts.schema, { path, text });
    const paths = named?.kind === 'read' ? [...new Set(tokenAssetPaths(named.file))] : [];
    const others = await Promise.all(paths.map(async other => [other, await readText(other)] as const));
    return new Map([[path, text], ...others]);
  }

  #check(files: Files): Outcome {
    const { path } = this.#options;
    const text = files.get(path) ?? null;
    if (text === null) return { kind: 'bad', problems: [`${path} cannot be read`] };
    const read = readTokenFile(this.#parts.schema, { path, text });
    if (read.kind === 'failed') return { kind: 'bad', problems: read.diagnostics.map(formatDiagnostic) };
    const assets = new Map([...files].map(([name, content]) => [name, assetOf(content)]));
    const checked = checkTokenFile(read.file, assets);
    if (!checked.ok) return { kind: 'bad', problems: checked.diagnostics.map(formatDiagnostic) };
    return { kind: 'good', config: checked.value };
  }

  async #readLastGood(): Promise<TokenConfig | undefined> {
    const { lastGoodPath } = this.#options;
    const bytes = lastGoodPath === undefined ? undefined : await readIfThere(lastGoodPath);
    if (bytes === undefined) return undefined;
    try {
      const outcome = this.#check(new Map(JSON.parse(bytes.toString('utf8')) as [string, string][]));
      return outcome.kind === 'good' ? outcome.config : undefined;
    } catch {
      // Not what was written; the files themselves are told about.
      return undefined;
    }
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // The checks say so, with the place that names it.
    return null;
  }
}

function assetOf(text: string | null): Asset {
  if (text === null) return { kind: 'failed', reason: 'unreadable' };
  return { kind: 'read', hash: createHash('sha256').update(text).digest('hex'), bytes: Buffer.from(text) };
}

function fingerprintOf(files: Files): string {
  return createHash('sha256')
    .update(JSON.stringify([...files]))
    .digest('hex');
}
