import { resolve } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import { AuthplaneError } from '../platform/errors.ts';
import type { FileWatcher } from '../platform/watch-files.ts';
import type { SourceTree } from '../resources/source-tree.ts';
import { doubtAbout, type ScannedTree } from './doubt.ts';
import {
  initialSourceState,
  stepSource,
  type SourceEffect,
  type SourceEvent,
  type SourceState,
  type SourceTimer,
  type SourceTimings,
  type Trigger,
} from './source-machine.ts';
import { TreeReader, type AssetPathsOf, type SourceScan } from './tree-reader.ts';
import { watchTargets } from './watch-targets.ts';

/** What the loader tells of its work: metrics and logs. Called synchronously. */
export interface LoaderObserver {
  /** A look at the directory is over. `poll` with `changed` is an event that was lost. */
  rescanned(rescan: { readonly trigger: Trigger; readonly changed: boolean }): void;
  scanned(scan: { readonly durationMs: number; readonly files: number }): void;
  /** A state that may be the middle of a save waits to be reported, or to be replaced by the end of the save. */
  settling(doubt: { readonly reason: string }): void;
  /** The files have been changing for so long without standing still; the last tree stays. Once per look. */
  unstable(look: { readonly forMs: number }): void;
  /** An exception, a defect: the last tree stays, and the loader goes on. */
  failed(thrown: unknown): void;
}

export interface LoaderParts {
  /** The one watcher of the process. */
  readonly watcher: Pick<FileWatcher, 'watch' | 'rearm' | 'isDegraded'>;
  readonly clock: Clock;
  readonly observer: LoaderObserver;
  readonly assetPathsOf: AssetPathsOf;
  /**
   * `broken` when the tree would raise an alarm that has not been raised yet (a file with errors, a certificate that
   * does not fit its key). Asked once for each new tree that is not doubtful already (see `doubtAbout`).
   */
  readonly inspect: (tree: SourceTree) => Inspection | Promise<Inspection>;
  /** Takes each new tree, once. */
  readonly onTree: (tree: SourceTree) => void;
}

type Inspection = 'clean' | 'broken';

export interface LoaderOptions extends Partial<SourceTimings> {
  /** The snapshot directory. It may be missing, a symlink, or be replaced at any time. */
  readonly directory: string;
  /** Default 32 MiB. */
  readonly maxFileBytes?: number;
  /** Default 4 MiB. */
  readonly maxAssetBytes?: number;
  /** `start` waits no longer than this for the first tree. Default 5 s. */
  readonly startTimeoutMs?: number;
}

const DEFAULT_TIMINGS: SourceTimings = {
  debounceMs: 150,
  maxWaitMs: 2000,
  confirmMs: 75,
  pollMs: 1000,
  settleMs: 2000,
  rehashMs: 60_000,
  unstableMs: 10_000,
};

/** A tree with why it may be the middle of a save. */
type JudgedTree = ScannedTree & { readonly doubt: string | undefined };

/**
 * Follows the snapshot directory and hands over each of its states once, as a `SourceTree`. Events are hints; the truth
 * is a scan by signature and content hash, with polling as the net. When to look and what to hand over is decided by
 * `stepSource`; this class does what it says. Nothing that is in the directory, or is not, makes it throw or stop.
 */
export class Loader {
  readonly #parts: LoaderParts;
  readonly #directory: string;
  readonly #timings: SourceTimings;
  readonly #startTimeoutMs: number;
  readonly #reader: TreeReader;
  readonly #timers = new Map<SourceTimer, Disposable>();
  readonly #events: SourceEvent[] = [];
  readonly #firstTree = Promise.withResolvers<undefined>();
  #state: SourceState = initialSourceState;
  #isStepping = false;
  #stopped = false;
  #work: Promise<void> = Promise.resolve();
  #scan: SourceScan | undefined;
  #candidate: JudgedTree | undefined;
  #settling: JudgedTree | undefined;
  #handed: ScannedTree | undefined;
  /** What the watches were last set up for: the scan, and each directory with its identity. */
  #followedKey = '';
  #followed: ReadonlyMap<string, string> = new Map();
  #watch: Disposable | undefined;

  constructor(parts: LoaderParts, options: LoaderOptions) {
    const { directory, maxFileBytes, maxAssetBytes, startTimeoutMs, ...timings } = options;
    this.#parts = parts;
    this.#directory = resolve(directory);
    this.#timings = { ...DEFAULT_TIMINGS, ...timings };
    this.#startTimeoutMs = startTimeoutMs ?? 5000;
    this.#reader = new TreeReader(parts, {
      directory: this.#directory,
      ...(maxFileBytes === undefined ? {} : { maxFileBytes }),
      ...(maxAssetBytes === undefined ? {} : { maxAssetBytes }),
    });
  }

  /** Resolves after the first tree was handed over, or after `startTimeoutMs` when the files do not stand still. */
  async start(): Promise<void> {
    // The timers of a clock do not keep a process alive, and early in its life nothing else may do so yet.
    const keepAlive = setInterval(() => undefined, this.#startTimeoutMs);
    const timeout = this.#parts.clock.after(this.#startTimeoutMs, () => this.#firstTree.resolve(undefined));
    this.#send({ kind: 'started' });
    await this.#firstTree.promise;
    timeout[Symbol.dispose]();
    clearInterval(keepAlive);
  }

  /** Looks again soon, and reads all contents anew. A tree is handed over only if it differs from the last. */
  rescan(trigger: 'signal' | 'api'): void {
    this.#send({ kind: 'hint', trigger });
  }

  /** Ends following. Nothing is handed over after the call. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    this.#timers.clear();
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#firstTree.resolve(undefined);
    await this.#work;
  }

  /** Steps through events one at a time, those sent by an effect after the event that caused it. */
  #send(event: SourceEvent): void {
    this.#events.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      while (!this.#stopped) {
        const next = this.#events.shift();
        if (next === undefined) break;
        const step = stepSource(this.#timings, this.#state, next, this.#parts.clock.nowMs());
        this.#state = step.state;
        for (const effect of step.effects) this.#run(effect);
      }
    } finally {
      this.#isStepping = false;
    }
  }

  #run(effect: SourceEffect): void {
    const { observer } = this.#parts;
    switch (effect.kind) {
      case 'start-timer':
        this.#startTimer(effect.timer, effect.ms);
        break;
      case 'cancel-timer':
        this.#cancelTimer(effect.timer);
        break;
      case 'scan':
        this.#start(() => this.#lookAtFiles());
        break;
      case 'read':
        this.#start(() => this.#readFiles(effect.everything));
        break;
      case 'hand-over':
        this.#handOver(effect.hash);
        break;
      case 'settling':
        this.#settling = this.#candidate;
        observer.settling({ reason: this.#candidate?.doubt ?? '' });
        break;
      case 'rescanned':
        observer.rescanned({ trigger: effect.trigger, changed: effect.changed });
        break;
      case 'unstable':
        observer.unstable({ forMs: effect.forMs });
        break;
    }
  }

  #startTimer(timer: SourceTimer, ms: number): void {
    this.#cancelTimer(timer);
    const run = (): void => this.#send({ kind: 'elapsed', timer });
    this.#timers.set(timer, this.#parts.clock.after(ms, run));
  }

  #cancelTimer(timer: SourceTimer): void {
    this.#timers.get(timer)?.[Symbol.dispose]();
    this.#timers.delete(timer);
  }

  /** The machine starts one thing at a time and waits for its answer. */
  #start(work: () => Promise<SourceEvent>): void {
    this.#work = work().then(
      event => this.#send(event),
      (thrown: unknown) => {
        this.#parts.observer.failed(thrown);
        this.#send({ kind: 'failed' });
        this.#firstTree.resolve(undefined);
      },
    );
  }

  async #lookAtFiles(): Promise<SourceEvent> {
    const { clock, observer } = this.#parts;
    const startedMs = clock.nowMs();
    const scan = await this.#reader.scan();
    const durationMs = clock.nowMs() - startedMs;
    observer.scanned({ durationMs, files: scan.directory.files.length });
    const isStable = scan.signature === this.#scan?.signature;
    this.#scan = scan;
    if (isStable) await this.#follow(scan);
    return { kind: 'scanned', signature: scan.signature, durationMs };
  }

  async #readFiles(everything: boolean): Promise<SourceEvent> {
    const scan = this.#scan;
    if (scan === undefined) return { kind: 'unreadable' };
    // A system that ran out of watches may have some again by now.
    if (everything && this.#parts.watcher.isDegraded) this.#parts.watcher.rearm();
    const reading = await this.#reader.read(scan, everything);
    if (reading.kind === 'unstable') return { kind: 'unreadable' };
    const scanned = { tree: reading.tree, directory: scan.directory };
    const doubt = await this.#doubtAbout(scanned);
    this.#candidate = { ...scanned, doubt };
    return { kind: 'read', hash: reading.tree.hash, verdict: doubt === undefined ? 'clean' : 'doubtful' };
  }

  /** Why the tree may not be handed over at once; undefined when it may. */
  async #doubtAbout(scanned: ScannedTree): Promise<string | undefined> {
    const { hash } = scanned.tree;
    if (hash === this.#handed?.tree.hash) return undefined;
    if (hash === this.#settling?.tree.hash) return this.#settling.doubt;
    const doubt = doubtAbout(scanned, this.#handed);
    if (doubt !== undefined) return doubt;
    return (await this.#parts.inspect(scanned.tree)) === 'broken' ? 'the files have errors' : undefined;
  }

  #handOver(hash: string): void {
    const scanned = [this.#candidate, this.#settling].find(known => known?.tree.hash === hash);
    this.#settling = undefined;
    if (scanned === undefined) {
      throw new AuthplaneError('INTERNAL', 'a tree that was not read is to be handed over');
    }
    this.#handed = scanned;
    try {
      this.#parts.onTree(scanned.tree);
    } catch (thrown) {
      this.#parts.observer.failed(thrown);
    }
    this.#firstTree.resolve(undefined);
  }

  /** Watches the directories that the scan found, anew when one of them is another than before under the same path. */
  async #follow(scan: SourceScan): Promise<void> {
    const key = JSON.stringify([scan.signature, ...scan.directory.directories]);
    if (key === this.#followedKey) return;
    const targets = await watchTargets(this.#directory, scan);
    if (this.#stopped) return;
    this.#followedKey = key;
    const followed = this.#followed;
    this.#followed = targets.identities;
    const isReplaced = [...targets.identities].some(([path, id]) => (followed.get(path) ?? id) !== id);
    if (isReplaced) this.#parts.watcher.rearm();
    const before = this.#watch;
    this.#watch = this.#parts.watcher.watch(targets.directories, () => {
      this.#send({ kind: 'hint', trigger: 'event' });
    });
    before?.[Symbol.dispose]();
  }
}
