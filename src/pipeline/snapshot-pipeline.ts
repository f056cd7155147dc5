import { assetPathsOf } from '../compiler/asset-paths.ts';
import { checkFile } from '../compiler/check-file.ts';
import { wantedJwks, type WantedJwks } from '../compiler/auth/jwks-urls.ts';
import type { CheckedFile } from '../compiler/checked-file.ts';
import type { Schema } from '../compiler/schema/registry.ts';
import type { Clock } from '../platform/clock.ts';
import type { Diagnostic } from '../resources/diagnostic.ts';
import type { Asset, SourceFile, SourceTree } from '../resources/source-tree.ts';
import { acceptLoad } from '../store/acceptance.ts';
import type { LoadOutcome } from '../store/load-outcome.ts';
import type { Load } from '../store/load.ts';
import { EMPTY_STATE } from '../store/store-state.ts';
import { CheckedFiles } from './checked-files.ts';
import { makeLoad } from './make-load.ts';

/** Where loads go. */
export interface LoadSink {
  apply(load: Load): LoadOutcome;
  /** Takes a load that was held back and is confirmed now, if there is one. */
  recheck(): Promise<LoadOutcome | undefined>;
}

/** What the pipeline tells of its work: metrics, logs, status. */
export interface PipelineObserver {
  /** Parsing, checking and compiling what changed for a load took so long. */
  checked(durationMs: number): void;
  /** `atMs`: milliseconds since the epoch. */
  applied(load: { readonly outcome: LoadOutcome; readonly durationMs: number; readonly atMs: number }): void;
  /** An exception, a defect: what was served before stays. */
  failed(thrown: unknown): void;
}

/** Key sets that are fetched, as the pipeline sees them. */
export interface KeySets {
  /** By URL. */
  assets(): ReadonlyMap<string, Asset>;
  /** Told what the newest files want before they are compiled. */
  want(wanted: readonly WantedJwks[]): Promise<void>;
}

export interface PipelineParts {
  readonly schema: Schema;
  readonly store: LoadSink;
  readonly clock: Clock;
  readonly observer: PipelineObserver;
  readonly keySets: KeySets;
}

export interface PipelineOptions {
  /** Absolute. */
  readonly snapshotDirectory: string;
  /** Slots for auth chains. Default: that of the compiler. */
  readonly authSlots?: number;
  /** How often a guarded load is looked at for its confirmation. Default 1 s. */
  readonly confirmPollMs?: number;
}

/** From a tree of files to the store: checks what changed, makes the load, applies it, reports the outcome. */
export class SnapshotPipeline {
  readonly #parts: PipelineParts;
  readonly #options: PipelineOptions;
  readonly #files: CheckedFiles;
  #load: { readonly load: Load; readonly keySets: string } | undefined;
  #tree: SourceTree | undefined;
  /** Time spent on checking since the last load. */
  #checkedMs = 0;
  /** Errors that were reported with the last outcome. */
  #reported: ReadonlySet<string> = new Set();
  #work: Promise<void> = Promise.resolve();
  #poll: Disposable | undefined;
  #stopped = false;

  constructor(parts: PipelineParts, options: PipelineOptions) {
    const { schema } = parts;
    const { snapshotDirectory } = options;
    this.#parts = parts;
    this.#options = options;
    this.#files = new CheckedFiles({ check: file => checkFile(file, { schema, snapshotDirectory }) });
  }

  /** The files (certificates, keys, bundles) that snapshot files name, by absolute path. */
  async assetPathsOf(files: readonly SourceFile[]): Promise<readonly string[]> {
    return (await this.#check(files)).flatMap(assetPathsOf);
  }

  /** `broken`: the tree has an error that was not reported yet, so it may be the middle of a save. */
  async inspect(tree: SourceTree): Promise<'clean' | 'broken'> {
    const load = await this.#loadOf(tree);
    const startedMs = performance.now();
    const dryRun = { nowMs: this.#parts.clock.nowMs(), nodes: [], shrinkGuard: false };
    const { outcome } = acceptLoad(EMPTY_STATE, load, dryRun);
    this.#checkedMs += performance.now() - startedMs;
    return errorKeys(outcome.diagnostics).some(key => !this.#reported.has(key)) ? 'broken' : 'clean';
  }

  /** Takes a tree to the store, after those that came before. */
  take(tree: SourceTree): void {
    this.#enqueue(async () => {
      this.#tree = tree;
      await this.#parts.keySets.want(wantedJwks(await this.#check(tree.files)));
      this.#apply(await this.#loadOf(tree));
    });
  }

  /** Compiles the last tree again, because key sets have changed. Does nothing before the first one. */
  refresh(): void {
    this.#enqueue(async () => {
      if (this.#tree !== undefined) this.#apply(await this.#loadOf(this.#tree));
    });
  }

  /** Resolves when every tree taken so far was applied. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Applies nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#poll?.[Symbol.dispose]();
    await this.#work;
  }

  #enqueue(run: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#stopped) return;
      try {
        await run();
      } catch (thrown) {
        this.#parts.observer.failed(thrown);
      }
    });
  }

  async #loadOf(tree: SourceTree): Promise<Load> {
    const files = await this.#check(tree.files);
    const assets = this.#parts.keySets.assets();
    const keySets = [...assets]
      .map(([url, asset]) => `${url} ${asset.kind === 'read' ? asset.hash : ''}`)
      .join();
    const known = this.#load;
    if (known?.load.treeHash === tree.hash && known.keySets === keySets) return known.load;
    const { authSlots } = this.#options;
    const load = makeLoad(tree, files, {
      schema: this.#parts.schema,
      nowMs: this.#parts.clock.nowMs(),
      keySets: assets,
      ...(authSlots === undefined ? {} : { authSlots }),
    });
    this.#load = { load, keySets };
    return load;
  }

  async #check(files: readonly SourceFile[]): Promise<readonly CheckedFile[]> {
    const startedMs = performance.now();
    const checked = await this.#files.check(files);
    this.#checkedMs += performance.now() - startedMs;
    return checked;
  }

  #apply(load: Load): void {
    this.#parts.observer.checked(this.#checkedMs);
    this.#checkedMs = 0;
    const startedMs = performance.now();
    this.#report(this.#parts.store.apply(load), startedMs);
  }

  #report(outcome: LoadOutcome, startedMs: number): void {
    this.#reported = new Set(errorKeys(outcome.diagnostics));
    this.#poll?.[Symbol.dispose]();
    this.#poll = outcome.result === 'guarded' ? this.#awaitConfirmation() : undefined;
    const atMs = this.#parts.clock.nowMs();
    this.#parts.observer.applied({ outcome, durationMs: performance.now() - startedMs, atMs });
  }

  #awaitConfirmation(): Disposable {
    return this.#parts.clock.after(this.#options.confirmPollMs ?? 1000, () => {
      this.#enqueue(async () => {
        const startedMs = performance.now();
        try {
          const outcome = await this.#parts.store.recheck();
          if (outcome !== undefined) {
            this.#report(outcome, startedMs);
            return;
          }
        } catch (thrown) {
          this.#parts.observer.failed(thrown);
        }
        if (!this.#stopped) this.#poll = this.#awaitConfirmation();
      });
    });
  }
}

/** Without line and column: an error that moved is not a new one. */
function errorKeys(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics
    .filter(diagnostic => diagnostic.severity === 'error')
    .map(({ file, code, message }) => `${file} ${code} ${message}`);
}
