import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { AdminServer } from './admin/admin-server.ts';
import { inlineSnapshot } from './compiler/auth/inline-snapshot.ts';
import { rebindRoutes } from './compiler/auth/rebind-routes.ts';
import { adminTlsOf } from './composition/admin-tls.ts';
import { certificateUpkeep } from './composition/certificate-upkeep.ts';
import { keyHolders } from './composition/key-carriers.ts';
import { tokenOverlay, withoutTokenService } from './composition/token-overlay.ts';
import { tokenServiceOf, type TokenPart } from './composition/token-service.ts';
import { xdsPartOf } from './composition/xds-part.ts';
import { loadSchema, type Schema } from './compiler/schema/registry.ts';
import { formatAddress } from './config/parse-value.ts';
import type { ServeSettings } from './config/serve-settings.ts';
import { fetchJwks } from './jwks/fetch-jwks.ts';
import { JwksCache } from './jwks/jwks-cache.ts';
import { JwksFiles } from './jwks/jwks-file.ts';
import { wantedKeySets } from './jwks/wanted-key-sets.ts';
import { Fleet } from './fleet/fleet.ts';
import { Loader } from './loader/loader.ts';
import { collectJwks, jwksObserver } from './observability/jwks-observer.ts';
import { LoadingObserver } from './observability/loading-observer.ts';
import { adminRefusalLog } from './observability/admin-refusal-log.ts';
import { readyReport, type ListeningAddresses, type ReadyReport } from './observability/ready-report.ts';
import { Readiness } from './observability/readiness.ts';
import { collectState, countRequest } from './observability/state-metrics.ts';
import { StatusView } from './observability/status-view.ts';
import { openStore } from './pipeline/open-store.ts';
import { SnapshotPipeline, type PipelineObserver } from './pipeline/snapshot-pipeline.ts';
import type { Clock } from './platform/clock.ts';
import { readDescriptorImage } from './platform/descriptor-image.ts';
import { messageOf } from './platform/errors.ts';
import { Lifecycle, type Component } from './platform/lifecycle.ts';
import type { Logger } from './platform/log.ts';
import { Metrics } from './platform/metrics.ts';
import { FileWatcher } from './platform/watch-files.ts';
import { OverlaidSource } from './publishing/overlaid-source.ts';
import { Publisher } from './publishing/publisher.ts';
import type { ResourceStore } from './store/resource-store.ts';
import type { WatchPaths } from './tls/server-tls.ts';
import { ServedVersions } from './transport/served-versions.ts';

export interface AppParts {
  readonly log: Logger;
  readonly clock: Clock;
  /** Of the process: where a key-encryption key may be. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Called once, when the server is ready for the first time. */
  readonly onReady: (report: ReadyReport) => void;
}

/** Names this process among replicas that share a database. */
function replicaId(): string {
  return `${hostname()}/${process.pid}`;
}

/** Watches the directories of files: certificates are replaced by renaming. */
function watchPaths(watcher: FileWatcher): WatchPaths {
  return (paths, onHint) => watcher.watch([...new Set(paths.map(path => dirname(resolve(path))))], onHint);
}

/** The server: every component is made here, by hand, and connected to the others. */
export class App {
  readonly #settings: ServeSettings;
  readonly #parts: AppParts;
  readonly #metrics = new Metrics({ processMetrics: true });
  readonly #loading: LoadingObserver;
  readonly #readiness: Readiness;
  readonly #served = new ServedVersions();
  #lifecycle: Lifecycle | undefined;
  #loader: Loader | undefined;
  #addresses: ListeningAddresses | undefined;
  #stopping: Promise<void> | undefined;

  constructor(settings: ServeSettings, parts: AppParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#loading = new LoadingObserver({ metrics: this.#metrics, log: parts.log });
    this.#readiness = new Readiness(this.#metrics);
  }

  get isReady(): boolean {
    return this.#readiness.isReady;
  }

  /** Undefined until both are bound. */
  get addresses(): ListeningAddresses | undefined {
    return this.#addresses;
  }

  /**
   * Resolves when both addresses are bound and the first load was tried; it may not be ready then.
   * @throws AuthplaneError LISTEN_FAILED, STATE_DIR_UNUSABLE, TLS_FILES_INVALID; nothing is left running then.
   */
  async start(): Promise<void> {
    const { clock, log } = this.#parts;
    const schema = loadSchema(readDescriptorImage());
    const opened = await openStore(
      { clock, observer: this.#loading.store, lastKnownGood: this.#loading.lastKnownGood },
      this.#settings,
    );
    for (const problem of opened.problems) {
      log.error({ event: 'state.corrupt', error_code: problem.code }, problem.message);
    }
    if (!opened.isKept) {
      log.warn(
        { event: 'state.not_kept' },
        'the last good snapshots are not kept over a restart: they hold private keys, so give --state-key-file, or allow clear text with --state-plaintext',
      );
    }
    const stateDirectory = {
      name: 'state directory',
      start: () => Promise.resolve(),
      stop: async () => opened[Symbol.asyncDispose](),
    };
    // What an earlier process served was accepted, or rejected, by proxies that come back now.
    this.#served.takeLoad(opened.store.snapshots());
    const servers = this.#makeServers(schema, opened.store);
    this.#lifecycle = new Lifecycle([stateDirectory, ...servers], (component, thrown) => {
      log.error(
        { event: 'process.stop_failed', err: thrown },
        `${component} was not stopped: ${messageOf(thrown)}`,
      );
    });
    await this.#lifecycle.start();
  }

  /** Reads all snapshot files anew (SIGHUP). */
  rescan(): void {
    this.#loader?.rescan('signal');
  }

  /** Orderly end: not ready, wait for it to be noticed, end the streams one by one, write what is to be kept. */
  drain(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** Ends everything without the delay; open streams still end over the spread. */
  async stop(): Promise<void> {
    this.#readiness.draining();
    await this.#lifecycle?.stop();
  }

  async #drain(): Promise<void> {
    this.#readiness.draining();
    await new Promise<void>(done => this.#parts.clock.after(this.#settings.drainDelayMs, done));
    await this.#lifecycle?.stop();
  }

  /** In the order in which they start; they stop in reverse. */
  #makeServers(schema: Schema, store: ResourceStore): readonly Component[] {
    const { clock, log } = this.#parts;
    const metrics = this.#metrics;
    const readiness = this.#readiness;
    const watcher = new FileWatcher({ log, observer: this.#loading.watcher });
    const fleet = new Fleet({ clock });
    const publisher = new Publisher({
      rebind: (resource, moves) => rebindRoutes(schema, resource, moves),
      inline: snapshot => inlineSnapshot(schema, snapshot),
    });
    const watch = watchPaths(watcher);
    const source = new OverlaidSource(
      store,
      this.#settings.tokenConfig === undefined ? withoutTokenService(log) : snapshot => snapshot,
    );
    const xds = xdsPartOf(this.#settings, {
      ...{ source, publisher, fleet, metrics, log, clock, watch },
      served: this.#served,
    });
    const tokens = this.#makeTokens({ schema, watch, source, publisher, fleet, store });
    const admin = this.#makeAdmin({ store, fleet, watch });
    metrics.onScrape(() => collectState(metrics, { store, fleet, pushQueueDepth: xds.pushQueueDepth() }));
    let announced = false;
    const announce = (): void => {
      readiness.serving(store.groups().length);
      if (announced || !readiness.isReady || this.#addresses === undefined) return;
      announced = true;
      this.#parts.onReady(readyReport(store, this.#addresses));
    };
    const startXds = async (): Promise<void> => {
      const address = await xds.start();
      const tokenAddress = tokens?.address();
      this.#addresses = {
        xds: address,
        admin: formatAddress(admin.address),
        ...(tokenAddress === undefined ? {} : { tokens: tokenAddress }),
      };
      log.info({ event: 'process.listening', ...this.#addresses }, 'both addresses are bound');
      readiness.listening();
      announce();
    };
    return [
      { name: 'admin server', start: () => admin.start(), stop: () => admin.stop() },
      ...(tokens === undefined ? [] : [tokens]),
      this.#makeLoading(schema, store, watcher, announce),
      ...certificateUpkeep(this.#settings, { clock, log, metrics, store }),
      { name: 'xDS server', start: startXds, stop: xds.stop },
    ];
  }

  #makeTokens({
    schema,
    watch,
    store,
    source,
    publisher,
    fleet,
  }: {
    readonly schema: Schema;
    readonly watch: WatchPaths;
    readonly store: ResourceStore;
    readonly source: OverlaidSource;
    readonly publisher: Publisher;
    readonly fleet: Fleet;
  }): TokenPart | undefined {
    const { clock, log, environment } = this.#parts;
    const tokens = tokenServiceOf(this.#settings, {
      ...{ schema, clock, log, metrics: this.#metrics, watch, environment },
      replicaId: replicaId(),
      proxies: () => fleet.connectedIds(),
      holdersOf: keyHolders({
        ...{ clock, publisher, nodes: () => fleet.nodes() },
        snapshotOf: node => {
          const snapshot = store.snapshotOf(node);
          return snapshot && source.overlaid(snapshot);
        },
        kids: () => tokens?.kids() ?? [],
      }),
      onPublished: () => {
        const [overlay, issuer] = [tokens?.overlay(), tokens?.issuer()];
        source.change(tokenOverlay({ schema, overlay, issuer, log }));
      },
    });
    return tokens;
  }

  #makeAdmin({
    store,
    fleet,
    watch,
  }: {
    readonly store: ResourceStore;
    readonly fleet: Fleet;
    readonly watch: WatchPaths;
  }): AdminServer {
    const { clock, log } = this.#parts;
    const metrics = this.#metrics;
    const readiness = this.#readiness;
    const adminTls = adminTlsOf(this.#settings, { clock, log, watch });
    return new AdminServer(
      {
        status: new StatusView({ store, loading: this.#loading, readiness, fleet }),
        metrics: () => metrics.text(),
        onRequest: (route, statusCode) => countRequest(metrics, route, statusCode),
        onRefused: adminRefusalLog(log),
        onError: thrown => log.error({ event: 'admin.defect', err: thrown }, messageOf(thrown)),
      },
      { ...this.#settings.adminAddress, ...(adminTls === undefined ? {} : { tls: adminTls }) },
    );
  }

  #makeLoading(schema: Schema, store: ResourceStore, watcher: FileWatcher, onApplied: () => void): Component {
    const { clock } = this.#parts;
    const { pollIntervalMs, maxFileBytes } = this.#settings;
    const snapshotDirectory = resolve(this.#settings.snapshots);
    const observer: PipelineObserver = {
      ...this.#loading.pipeline,
      applied: load => {
        this.#loading.pipeline.applied(load);
        this.#served.takeLoad(store.snapshots());
        onApplied();
      },
    };
    const keySets = this.#makeKeySets(() => pipeline.refresh());
    const { authSlots } = this.#settings;
    const fetched = wantedKeySets(keySets);
    const pipeline = new SnapshotPipeline(
      { schema, store, clock, observer, keySets: fetched },
      { snapshotDirectory, authSlots },
    );
    const loader = new Loader(
      {
        watcher,
        clock,
        observer: this.#loading.loader,
        assetPathsOf: files => pipeline.assetPathsOf(files),
        inspect: tree => pipeline.inspect(tree),
        onTree: tree => pipeline.take(tree),
      },
      { directory: snapshotDirectory, pollMs: pollIntervalMs, maxFileBytes },
    );
    this.#loader = loader;
    return {
      name: 'snapshot loader',
      start: () => loader.start().then(() => pipeline.settled()),
      stop: async () => {
        await loader.stop();
        await keySets.stop();
        await pipeline.stop();
        await watcher.close();
      },
    };
  }

  #makeKeySets(onChange: () => void): JwksCache {
    const metrics = this.#metrics;
    const { clock, log } = this.#parts;
    const keySets = new JwksCache({
      clock,
      files: new JwksFiles(join(resolve(this.#settings.stateDirectory), 'jwks')),
      fetch: fetchJwks,
      random: Math.random,
      observer: jwksObserver({ metrics, log }),
      onChange,
    });
    metrics.onScrape(() => {
      collectJwks(metrics, keySets.status(), clock.nowMs());
    });
    return keySets;
  }
}
