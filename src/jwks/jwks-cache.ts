import { createHash } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { Asset } from '../resources/source-tree.ts';
import type { FetchResult } from './fetch-jwks.ts';
import type { JwksFiles } from './jwks-file.ts';
import type { JwksSource } from './jwks-source.ts';
import { expireDeparted, keysAt, NO_JWKS, stepJwks, type JwksEvent, type JwksState } from './jwks-state.ts';
import { readJwks } from './read-jwks.ts';

/** What the cache tells of its work. */
export interface JwksObserver {
  /** A fetch ended. `reason` is there when it failed, and never has anything of the answer. */
  fetched(fetch: {
    readonly source: JwksSource;
    readonly result: 'ok' | 'not-modified' | 'failed';
    readonly reason?: string;
  }): void;
  /** Keys came or went; `kids` are those in use now. */
  changed(change: { readonly source: JwksSource; readonly kids: readonly string[] }): void;
  /** A kept key set could not be read or written. */
  keepFailed(thrown: unknown): void;
}

export interface JwksCacheParts {
  readonly clock: Clock;
  readonly files: JwksFiles;
  readonly fetch: (source: JwksSource, etag: string | undefined) => Promise<FetchResult>;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly observer: JwksObserver;
  /** Called when `assets` has changed. */
  readonly onChange: () => void;
}

interface Entry {
  source: JwksSource;
  state: JwksState;
  asset: (Asset & { readonly kind: 'read' }) | undefined;
  isWanted: boolean;
  isFetching: boolean;
  timer: Disposable | undefined;
  expiry: Disposable | undefined;
}

/** How old the keys of a source are. */
export interface JwksStatus {
  readonly source: JwksSource;
  /** When they were last confirmed; milliseconds since the epoch. Undefined: never. */
  readonly fetchedMs: number | undefined;
  readonly keys: number;
}

/** Fetches the key sets that providers name, keeps them fresh, and keeps the last good ones over failures and restarts. */
export class JwksCache {
  readonly #parts: JwksCacheParts;
  readonly #entries = new Map<string, Entry>();
  #stopped = false;
  /** The writes so far, one after the other. */
  #kept: Promise<void> = Promise.resolve();

  constructor(parts: JwksCacheParts) {
    this.#parts = parts;
  }

  /** The key sets that are there, by URL, in the form of files. */
  assets(): ReadonlyMap<string, Asset> {
    const assets = new Map<string, Asset>();
    for (const [url, { asset }] of this.#entries) if (asset !== undefined) assets.set(url, asset);
    return assets;
  }

  /** The sources that are wanted. */
  status(): readonly JwksStatus[] {
    const nowMs = this.#parts.clock.nowMs();
    const wanted = [...this.#entries.values()].filter(({ isWanted }) => isWanted);
    return wanted.map(({ source, state }) => ({
      source,
      fetchedMs: state.fetchedMs,
      keys: keysAt(state, nowMs, source.overlapMs)?.length ?? 0,
    }));
  }

  /**
   * Fetches these from now on, and no others. What is no longer wanted is kept as it is: a file that is broken for a while must not cost the
   * keys. Resolves when what was kept of new ones on disk has been read.
   */
  async want(sources: readonly JwksSource[]): Promise<void> {
    const wanted = new Map(sources.map(source => [source.url, source]));
    for (const [url, entry] of this.#entries) {
      const source = wanted.get(url);
      if (source === undefined) pause(entry);
      else {
        entry.source = source;
        if (entry.timer === undefined && !entry.isFetching) void this.#fetch(entry);
      }
    }
    const added = sources.filter(({ url }) => !this.#entries.has(url));
    await Promise.all(added.map(source => this.#add(source)));
  }

  /** Fetches nothing more. Resolves when nothing is being written any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const entry of this.#entries.values()) pause(entry);
    await this.#kept;
  }

  async #add(source: JwksSource): Promise<void> {
    const entry: Entry = {
      source,
      state: NO_JWKS,
      asset: undefined,
      isWanted: true,
      isFetching: false,
      timer: undefined,
      expiry: undefined,
    };
    this.#entries.set(source.url, entry);
    try {
      entry.state = await this.#parts.files.load(source.url);
    } catch (thrown) {
      this.#parts.observer.keepFailed(thrown);
    }
    this.#publish(entry);
    void this.#fetch(entry);
  }

  async #fetch(entry: Entry): Promise<void> {
    const { observer, clock, random } = this.#parts;
    entry.isWanted = true;
    entry.isFetching = true;
    const fetched = await this.#parts.fetch(entry.source, entry.state.etag);
    entry.isFetching = false;
    const { source } = entry;
    if (this.#isPaused(entry)) return;
    const { event, reason } = eventOf(fetched);
    const result = event.kind === 'fetched' ? 'ok' : event.kind;
    observer.fetched({ source, result, ...(reason === undefined ? {} : { reason }) });
    const moment = { nowMs: clock.nowMs(), random: random() };
    const { state, nextMs } = stepJwks(entry.state, event, moment, source);
    entry.state = state;
    entry.timer = clock.after(nextMs, () => void this.#fetch(entry));
    if (event.kind === 'failed') return;
    if (this.#publish(entry)) {
      observer.changed({ source, kids: kidsOf(entry) });
      this.#parts.onChange();
    }
    this.#kept = this.#kept.then(() => this.#keep(entry));
  }

  /** It may have been since the fetch began. */
  #isPaused(entry: Entry): boolean {
    return this.#stopped || !entry.isWanted;
  }

  async #keep({ source, state }: Entry): Promise<void> {
    try {
      await this.#parts.files.save(source.url, state);
    } catch (thrown) {
      this.#parts.observer.keepFailed(thrown);
    }
  }

  /** Takes over what the state has now. True when it is something else than before. */
  #publish(entry: Entry): boolean {
    const { clock } = this.#parts;
    const nowMs = clock.nowMs();
    const { state, expiresMs } = expireDeparted(entry.state, nowMs, entry.source.overlapMs);
    entry.state = state;
    entry.expiry?.[Symbol.dispose]();
    entry.expiry = expiresMs === undefined ? undefined : clock.after(expiresMs, () => this.#expire(entry));
    const keys = keysAt(state, nowMs, entry.source.overlapMs);
    if (keys === undefined) return false;
    const bytes = Buffer.from(JSON.stringify({ keys }));
    const hash = createHash('sha256').update(bytes).digest('hex');
    if (hash === entry.asset?.hash) return false;
    entry.asset = { kind: 'read', hash, bytes };
    return true;
  }

  #expire(entry: Entry): void {
    if (!this.#publish(entry)) return;
    this.#parts.observer.changed({ source: entry.source, kids: kidsOf(entry) });
    this.#parts.onChange();
  }
}

function pause(entry: Entry): void {
  entry.isWanted = false;
  entry.timer?.[Symbol.dispose]();
  entry.timer = undefined;
  entry.expiry?.[Symbol.dispose]();
}

/** A document that chains would refuse is a failure like any other: the last good one stays. */
function eventOf(fetched: FetchResult): { readonly event: JwksEvent; readonly reason?: string } {
  if (fetched.kind === 'not-modified') return { event: { kind: 'not-modified' } };
  if (fetched.kind === 'failed') return { event: { kind: 'failed' }, reason: fetched.reason };
  const read = readJwks(fetched.text);
  if (read.keys === undefined) return { event: { kind: 'failed' }, reason: read.reason };
  return { event: { kind: 'fetched', keys: read.keys, etag: fetched.etag } };
}

function kidsOf({ asset }: Entry): readonly string[] {
  if (asset === undefined) return [];
  const { keys } = JSON.parse(new TextDecoder().decode(asset.bytes)) as {
    readonly keys: readonly { kid?: unknown }[];
  };
  return keys.map(({ kid }) => (typeof kid === 'string' ? kid : '(no kid)'));
}
