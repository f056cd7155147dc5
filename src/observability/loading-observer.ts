import type { LoaderObserver } from '../loader/loader.ts';
import type { PipelineObserver } from '../pipeline/snapshot-pipeline.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { FileWatcherObserver } from '../platform/watch-files.ts';
import { shortNameOf } from '../resources/type-url.ts';
import type { LastKnownGoodObserver } from '../store/last-known-good.ts';
import type { LoadOutcome } from '../store/load-outcome.ts';
import type { StoreObserver } from '../store/store-observer.ts';
import { DiagnosticLog } from './diagnostic-log.ts';

/** The last load, for the status API. */
export interface LastLoad {
  readonly outcome: LoadOutcome;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Turns what watching, loading and storing tell into metrics and log lines. */
export class LoadingObserver {
  readonly #metrics: Metrics;
  readonly #log: Logger;
  readonly #diagnostics: DiagnosticLog;
  #lastLoad: LastLoad | undefined;

  constructor(parts: { readonly metrics: Metrics; readonly log: Logger }) {
    this.#metrics = parts.metrics;
    this.#log = parts.log;
    this.#diagnostics = new DiagnosticLog(parts.log);
  }

  /** Undefined until the first load. */
  get lastLoad(): LastLoad | undefined {
    return this.#lastLoad;
  }

  readonly watcher: FileWatcherObserver = {
    hinted: () => this.#metrics.count('sourceWatchEvents', {}),
    watching: directories => this.#metrics.set('sourceWatches', {}, directories),
    degraded: isDegraded => this.#metrics.set('sourceWatchDegraded', {}, isDegraded ? 1 : 0),
  };

  readonly loader: LoaderObserver = {
    rescanned: ({ trigger, changed }) => {
      this.#metrics.count('sourceRescans', { trigger, changed: changed ? 'true' : 'false' });
    },
    scanned: ({ durationMs, files }) => {
      this.#metrics.observe('sourceScanSeconds', {}, durationMs / 1000);
      this.#metrics.set('sourceFiles', {}, files);
    },
    settling: ({ reason }) => {
      this.#log.info({ event: 'source.settling', reason }, `waiting for a save to end: ${reason}`);
    },
    unstable: ({ forMs }) => {
      this.#log.warn({ event: 'source.unstable', duration_ms: forMs }, 'the snapshot files keep changing');
    },
    failed: thrown => this.#failed('source.failed', thrown),
  };

  readonly pipeline: PipelineObserver = {
    checked: durationMs =>
      this.#metrics.observe('snapshotLoadSeconds', { stage: 'check' }, durationMs / 1000),
    applied: ({ outcome, durationMs, atMs }) => {
      this.#lastLoad = { outcome, atMs };
      this.#metrics.observe('snapshotLoadSeconds', { stage: 'apply' }, durationMs / 1000);
      this.#countLoad(outcome, atMs);
      this.#logLoad(outcome, durationMs);
    },
    failed: thrown => {
      this.#metrics.count('snapshotLoads', { result: 'failed' });
      this.#metrics.set('snapshotLastLoadSuccessful', {}, 0);
      this.#failed('snapshot.failed', thrown);
    },
  };

  readonly store: StoreObserver = {
    callbackFailed: (node, thrown) => {
      this.#log.error({ event: 'store.callback_failed', node_id: node.id }, messageOf(thrown));
    },
    groupHeld: ({ files, diagnostics }) => {
      this.#log.warn(
        { event: 'snapshot.group_held', files, errors: diagnostics.length },
        'a proxy connected for which the files have errors: it waits',
      );
    },
  };

  readonly lastKnownGood: LastKnownGoodObserver = {
    saved: groupFiles => {
      this.#metrics.count('lastKnownGoodWrites', { result: 'ok' });
      this.#log.debug({ event: 'state.saved', group_files: groupFiles }, 'last good snapshots are on disk');
    },
    saveFailed: error => {
      this.#metrics.count('lastKnownGoodWrites', { result: 'error' });
      this.#log.error({ event: 'state.save_failed', error_code: error.code }, error.message);
    },
  };

  #countLoad({ result, diagnostics, changes }: LoadOutcome, atMs: number): void {
    const metrics = this.#metrics;
    const isAccepted = result === 'ok' || result === 'unchanged';
    const errors = diagnostics.filter(diagnostic => diagnostic.severity === 'error').length;
    metrics.count('snapshotLoads', { result });
    metrics.set('snapshotLastLoadSuccessful', {}, isAccepted ? 1 : 0);
    if (isAccepted) metrics.set('snapshotLastSuccess', {}, atMs / 1000);
    metrics.set('snapshotIssues', { severity: 'error' }, errors);
    metrics.set('snapshotIssues', { severity: 'warning' }, diagnostics.length - errors);
    for (const [typeUrl, change] of changes) {
      const type = shortNameOf(typeUrl);
      metrics.count('snapshotChanges', { type, op: 'add' }, change.add);
      metrics.count('snapshotChanges', { type, op: 'update' }, change.update);
      metrics.count('snapshotChanges', { type, op: 'remove' }, change.remove);
    }
  }

  #logLoad(outcome: LoadOutcome, durationMs: number): void {
    this.#diagnostics.update(outcome.diagnostics);
    const fields = {
      result: outcome.result,
      tree: outcome.treeHash,
      changed_groups: outcome.changedGroups.length,
      held_groups: outcome.heldGroups.length,
      duration_ms: Math.round(durationMs),
    };
    switch (outcome.result) {
      case 'ok':
      case 'unchanged':
        this.#log.info({ event: 'snapshot.loaded', ...fields }, 'the snapshot files are accepted');
        break;
      case 'invalid':
        this.#log.error(
          { event: 'snapshot.load_rejected', ...fields },
          'snapshot files have errors: the node groups they belong to keep what they have',
        );
        break;
      case 'guarded':
        this.#log.error(
          { event: 'snapshot.guarded', ...fields },
          `the shrink guard refuses the load; if it is meant: authplane confirm ${outcome.treeHash}`,
        );
        break;
    }
  }

  #failed(event: string, thrown: unknown): void {
    this.#log.error(
      { event, err: thrown },
      `a defect in authplane; what was served stays: ${messageOf(thrown)}`,
    );
  }
}
