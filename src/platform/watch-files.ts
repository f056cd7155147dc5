import { FSWatcher } from 'chokidar';
import { messageOf } from './errors.ts';
import type { Logger } from './log.ts';

/** A directory to watch: all of it, or (for a busy parent such as /etc) only the entries named. Never recursive. */
export interface WatchedDirectory {
  /** Absolute, and best a real path: a watch follows the directory that it finds there when it is armed. */
  readonly directory: string;
  /** Names in the directory whose changes are hints. Default: all. */
  readonly names?: ReadonlySet<string>;
}

/** What the rest of the process learns of the watcher: metrics, mostly. Called synchronously. */
export interface FileWatcherObserver {
  /** One event of the operating system reached a subscriber (`authplane_source_watch_events_total`). */
  hinted(): void;
  /** Number of directories watched, after it changed (`authplane_source_watches`). */
  watching(directories: number): void;
  /** True when the system refused a watch (ENOSPC, EMFILE, ...), so that only polling finds changes there. */
  degraded(isDegraded: boolean): void;
}

/** The part of a chokidar watcher that is used here. */
export interface DirectoryWatcher {
  add(directories: string[]): unknown;
  close(): Promise<void>;
  on(event: 'raw', listener: (event: string, name: string | null, details: unknown) => void): unknown;
  on(event: 'ready', listener: () => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

export interface FileWatcherParts {
  readonly log: Logger;
  readonly observer?: FileWatcherObserver;
}

export interface FileWatcherOptions {
  /** Opens a watcher that ignores every path for which the predicate is true. Default: chokidar. */
  readonly open?: (ignored: (path: string) => boolean) => DirectoryWatcher;
}

interface Subscription {
  readonly targets: ReadonlyMap<string, ReadonlySet<string> | undefined>;
  readonly onHint: () => void;
}

/**
 * The one file watcher of the process; nothing else imports chokidar, because two instances on one directory take
 * events from each other. It only ever says "look again": which file changed and how is left to the subscriber's own
 * scan, since events get lost, doubled and merged on every platform.
 *
 * Whenever the set of directories changes, or on `rearm`, the chokidar instance is closed and a new one opened, and all
 * subscribers get a hint once it is armed, so that nothing that happened meanwhile is missed. (Its `unwatch` would not
 * do: it also silences every directory below the one that is dropped, even when added again.)
 */
export class FileWatcher {
  readonly #log: Logger;
  readonly #observer: FileWatcherObserver | undefined;
  readonly #open: (ignored: (path: string) => boolean) => DirectoryWatcher;
  readonly #subscriptions = new Set<Subscription>();
  #armed: ReadonlySet<string> = new Set();
  #current: DirectoryWatcher | undefined;
  #rearmWanted = false;
  #closed = false;
  #degraded = false;
  #failures = 0;
  #isArming = false;
  #arming: Promise<void> | undefined;
  #endWait: () => void = () => undefined;

  constructor(parts: FileWatcherParts, options: FileWatcherOptions = {}) {
    this.#log = parts.log.child({ component: 'watch-files' });
    this.#observer = parts.observer;
    this.#open = options.open ?? openDirectoryWatcher;
  }

  /**
   * Calls `onHint` after anything in the directories may have changed, and once when they are armed. Directories are
   * counted: one that several subscribers name is watched once and until the last of them is disposed.
   * A directory that does not exist is waited for.
   */
  watch(targets: readonly (string | WatchedDirectory)[], onHint: () => void): Disposable {
    const subscription: Subscription = { targets: mergeTargets(targets), onHint };
    this.#subscriptions.add(subscription);
    this.#arm();
    return {
      [Symbol.dispose]: () => {
        this.#subscriptions.delete(subscription);
        this.#arm();
      },
    };
  }

  /** Watches all directories anew: after one was replaced by another under the same path, or to leave degradation. */
  rearm(): void {
    this.#rearmWanted = true;
    this.#arm();
  }

  /** True when some directory is not watched and only polling finds changes. */
  get isDegraded(): boolean {
    return this.#degraded;
  }

  /** Ends all watching; no hint comes after the call. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#subscriptions.clear();
    this.#endWait();
    await this.#arming;
    await this.#closeCurrent();
  }

  /** Brings the watcher in line with the subscriptions, one change at a time; calls in between are merged. */
  #arm(): void {
    if (!this.#isArming && !this.#closed) this.#arming = this.#armUntilSettled();
  }

  async #armUntilSettled(): Promise<void> {
    this.#isArming = true;
    // Calls made in the same turn (watch the new, dispose the old) become one change.
    await Promise.resolve();
    while (!this.#isClosed()) {
      const wanted = new Set(
        [...this.#subscriptions].flatMap(subscription => [...subscription.targets.keys()]),
      );
      if (!this.#rearmWanted && equalSets(wanted, this.#armed)) break;
      this.#rearmWanted = false;
      await this.#reopen(wanted);
    }
    // In the same turn as the decision to end, so that no call is taken for merged that is not.
    this.#isArming = false;
  }

  async #reopen(directories: ReadonlySet<string>): Promise<void> {
    this.#armed = directories;
    const failuresBefore = this.#failures;
    // Awaited before the next opens: chokidar shares handles by path, and a shared handle would still be on the old inode.
    await this.#closeCurrent();
    if (directories.size > 0 && !this.#isClosed()) await this.#openFor(directories);
    if (this.#failures === failuresBefore) this.#setDegraded(false);
    this.#observer?.watching(directories.size);
    for (const subscription of [...this.#subscriptions]) subscription.onHint();
  }

  /** Resolves when chokidar has armed all directories that it can. */
  async #openFor(directories: ReadonlySet<string>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#endWait = () => resolve(undefined);
    try {
      const watcher = this.#open(path => !directories.has(path));
      this.#current = watcher;
      watcher.on('ready', () => resolve(undefined));
      watcher.on('raw', (_event, name, details) => this.#dispatch(name, details));
      watcher.on('error', error => this.#onError(error));
      watcher.add([...directories]);
    } catch (thrown) {
      this.#onError(thrown);
      return;
    }
    await promise;
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    try {
      await current?.close();
    } catch (thrown) {
      this.#onError(thrown);
    }
  }

  // A method, so that control flow analysis does not take the flag for constant across an await.
  #isClosed(): boolean {
    return this.#closed;
  }

  #dispatch(name: string | null, details: unknown): void {
    const directory = watchedPathOf(details);
    for (const subscription of [...this.#subscriptions]) {
      if (!concerns(subscription, directory, name)) continue;
      this.#observer?.hinted();
      subscription.onHint();
    }
  }

  #onError(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    // One limit fails for every directory beyond it: the first failure says it all.
    this.#log[this.#degraded ? 'debug' : 'warn'](
      { event: 'watch.failed', error_code: code, err: messageOf(error) },
      'a directory cannot be watched; its changes are found by polling only',
    );
    this.#failures += 1;
    this.#setDegraded(true);
  }

  #setDegraded(isDegraded: boolean): void {
    if (this.#degraded === isDegraded) return;
    this.#degraded = isDegraded;
    this.#observer?.degraded(isDegraded);
  }
}

/**
 * Every path but the directories themselves is ignored, so that chokidar neither stats nor tracks files; its `raw`
 * event, which comes before its own filtering and merging, is the hint. (Its `change` misses new content of equal size
 * and mtime.)
 */
function openDirectoryWatcher(ignored: (path: string) => boolean): DirectoryWatcher {
  return new FSWatcher({ ignored, ignoreInitial: true, depth: 0, atomic: false });
}

function mergeTargets(
  targets: readonly (string | WatchedDirectory)[],
): ReadonlyMap<string, ReadonlySet<string> | undefined> {
  const merged = new Map<string, ReadonlySet<string> | undefined>();
  for (const target of targets) {
    const { directory, names } =
      typeof target === 'string' ? { directory: target, names: undefined } : target;
    const known = merged.get(directory);
    const isNew = !merged.has(directory);
    if (names === undefined) merged.set(directory, undefined);
    else if (isNew) merged.set(directory, names);
    else if (known !== undefined) merged.set(directory, known.union(names));
  }
  return merged;
}

/** Unknown directories (chokidar waiting at an ancestor of a missing one) and nameless events concern everybody. */
function concerns(subscription: Subscription, directory: string | undefined, name: string | null): boolean {
  if (directory === undefined) return true;
  if (!subscription.targets.has(directory)) {
    return [...subscription.targets.keys()].some(target => target.startsWith(`${directory}/`));
  }
  const names = subscription.targets.get(directory);
  return names === undefined || name === null || names.has(name);
}

function watchedPathOf(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return undefined;
  return typeof details.watchedPath === 'string' ? details.watchedPath : undefined;
}

function equalSets(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}
