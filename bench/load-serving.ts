import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSchema } from '../src/compiler/schema/registry.ts';
import { Loader, type LoaderOptions } from '../src/loader/loader.ts';
import { openStore } from '../src/pipeline/open-store.ts';
import { SnapshotPipeline } from '../src/pipeline/snapshot-pipeline.ts';
import { systemClock } from '../src/platform/clock.ts';
import { readDescriptorImage } from '../src/platform/descriptor-image.ts';
import { createLogger } from '../src/platform/log.ts';
import { FileWatcher } from '../src/platform/watch-files.ts';
import { resourceCount } from '../src/resources/snapshot.ts';
import { collectedHeapBytes } from '../test/support/heap.ts';
import { NO_KEY_SETS } from '../test/support/no-key-sets.ts';
import { clusterFileTexts, fileName, type ClusterFiles } from './cluster-files.ts';
import { median } from './measure.ts';
import type { Figures } from './report.ts';

export interface ServingTask extends ClusterFiles {
  readonly snapshots: string;
  readonly scratch: string;
  readonly reloads: number;
}

const WARM_UP = 2;

/** Something awaited that happens again and again. */
class Occurrence {
  #next = Promise.withResolvers<undefined>();

  readonly happened = (): void => {
    this.#next.resolve(undefined);
    this.#next = Promise.withResolvers<undefined>();
  };

  get next(): Promise<undefined> {
    return this.#next.promise;
  }
}

function failed(thrown: unknown): never {
  throw thrown;
}

/**
 * The real way of a file: loader, pipeline, store with its last-known-good directory, and one connected node. Cold counts from the start
 * of the process; a reload from the moment the new file is in place until the node has the new snapshot. No gRPC, no proxies.
 */
export async function measureServing(task: ServingTask): Promise<Figures> {
  const startedMs = performance.now();
  const schema = loadSchema(readDescriptorImage());
  const bootMs = performance.now();
  const saved = new Occurrence();
  const snapshotTaken = new Occurrence();
  await using opened = await openStore(
    {
      clock: systemClock,
      observer: { callbackFailed: (_node, thrown) => failed(thrown), groupHeld: () => undefined },
      lastKnownGood: { saved: saved.happened, saveFailed: failed },
    },
    { stateDirectory: join(task.scratch, 'state'), shrinkGuard: true, statePlaintext: true },
  );
  const emptyHeapBytes = collectedHeapBytes();
  let resources = 0;
  let workMs = 0;
  opened.store.join({ id: 'bench', cluster: 'bench', metadata: {} }, snapshot => {
    resources = resourceCount(snapshot);
    snapshotTaken.happened();
  });
  const pipeline = new SnapshotPipeline(
    {
      schema,
      store: opened.store,
      keySets: NO_KEY_SETS,
      clock: systemClock,
      observer: {
        checked: durationMs => void (workMs = durationMs),
        applied: ({ outcome, durationMs }) => {
          if (outcome.result !== 'ok' && outcome.result !== 'unchanged')
            failed(new Error(`the load was ${outcome.result}`));
          workMs += durationMs;
        },
        failed,
      },
    },
    { snapshotDirectory: task.snapshots },
  );
  await using following = new Following(task.snapshots, pipeline);
  const firstSave = saved.next;
  await following.start({ startTimeoutMs: 60_000 });
  await pipeline.settled();
  const coldMs = performance.now();
  if (resources !== task.clusters) throw new Error(`${resources} of ${task.clusters} clusters were served`);
  const coldRssBytes = process.memoryUsage().rss;
  await firstSave;
  const heapBytes = collectedHeapBytes() - emptyHeapBytes;

  let revision = 1;
  const reload = async (): Promise<{ readonly ms: number; readonly workMs: number }> => {
    revision = (revision % 9) + 1;
    const staged = join(task.scratch, 'staged.yaml');
    await writeFile(staged, clusterFileTexts(task, revision).get(fileName(0)) ?? '');
    const [isTaken, isSaved] = [snapshotTaken.next, saved.next];
    const renamedMs = performance.now();
    await rename(staged, join(task.snapshots, fileName(0)));
    await isTaken;
    const ms = performance.now() - renamedMs;
    await isSaved;
    await pipeline.settled();
    return { ms, workMs };
  };
  // V8 is still compiling while the first ones run; a server lives longer than that.
  await repeat(WARM_UP, reload);
  const usual = await repeat(task.reloads, reload);
  await following.start({ startTimeoutMs: 60_000, debounceMs: 0, confirmMs: 0 });
  const eager = await repeat(task.reloads, reload);
  return {
    bootMs,
    schemaMs: bootMs - startedMs,
    coldMs,
    reloadMs: median(usual.map(({ ms }) => ms)),
    reloadWorkMs: median(usual.map(entry => entry.workMs)),
    reloadEagerMs: median(eager.map(({ ms }) => ms)),
    reloadEagerWorkMs: median(eager.map(entry => entry.workMs)),
    emptyHeapBytes,
    heapBytes,
    rssBytes: coldRssBytes,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** The loader and the watcher; starting anew replaces both. */
class Following implements AsyncDisposable {
  readonly #directory: string;
  readonly #pipeline: SnapshotPipeline;
  #running: { readonly loader: Loader; readonly watcher: FileWatcher } | undefined;

  constructor(directory: string, pipeline: SnapshotPipeline) {
    this.#directory = directory;
    this.#pipeline = pipeline;
  }

  async start(options: Partial<LoaderOptions>): Promise<void> {
    await this.#stop();
    const pipeline = this.#pipeline;
    const watcher = new FileWatcher({ log: createLogger('silent') });
    const nothing = (): void => undefined;
    const loader = new Loader(
      {
        watcher,
        clock: systemClock,
        observer: { rescanned: nothing, scanned: nothing, settling: nothing, unstable: nothing, failed },
        assetPathsOf: files => pipeline.assetPathsOf(files),
        inspect: tree => pipeline.inspect(tree),
        onTree: tree => pipeline.take(tree),
      },
      { directory: this.#directory, ...options },
    );
    this.#running = { loader, watcher };
    await loader.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#pipeline.stop();
  }

  async #stop(): Promise<void> {
    await this.#running?.loader.stop();
    await this.#running?.watcher.close();
  }
}

async function repeat<T>(count: number, run: () => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await run());
  return results;
}
