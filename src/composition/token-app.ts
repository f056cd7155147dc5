import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { AdminServer } from '../admin/admin-server.ts';
import type { StatusSource } from '../admin/status-source.ts';
import { loadSchema } from '../compiler/schema/registry.ts';
import { formatAddress } from '../config/parse-value.ts';
import type { ServeSettings } from '../config/serve-settings.ts';
import { adminRefusalLog } from '../observability/admin-refusal-log.ts';
import { countRequest } from '../observability/state-metrics.ts';
import type { Clock } from '../platform/clock.ts';
import { readDescriptorImage } from '../platform/descriptor-image.ts';
import { messageOf } from '../platform/errors.ts';
import { Lifecycle } from '../platform/lifecycle.ts';
import type { Logger } from '../platform/log.ts';
import { Metrics } from '../platform/metrics.ts';
import { FileWatcher } from '../platform/watch-files.ts';
import { openStateDirectory } from '../store/state-directory.ts';
import { adminTlsOf } from './admin-tls.ts';
import { tokenServiceOf, type TokenPart } from './token-service.ts';

export interface TokenAppParts {
  readonly log: Logger;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** `host:port` of both servers. */
export interface TokenAppAddresses {
  readonly tokens: string;
  readonly admin: string;
}

/** The token service as a process of its own: no proxies, no snapshots. Replicas share a PostgreSQL. */
export class TokenApp {
  readonly #settings: ServeSettings;
  readonly #parts: TokenAppParts;
  #lifecycle: Lifecycle | undefined;
  #isServing = false;

  constructor(settings: ServeSettings, parts: TokenAppParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Resolves when both addresses are bound. @throws what the token service throws; nothing is left running then. */
  async start(): Promise<TokenAppAddresses> {
    const { clock, log, environment } = this.#parts;
    const metrics = new Metrics({ processMetrics: true });
    const watcher = new FileWatcher({ log });
    const watch = (paths: readonly string[], onHint: () => void): Disposable =>
      watcher.watch([...new Set(paths.map(path => dirname(resolve(path))))], onHint);
    const directory = await openStateDirectory(this.#settings.stateDirectory);
    const tokens = tokenServiceOf(this.#settings, {
      ...{ schema: loadSchema(readDescriptorImage()), clock, log, metrics, watch, environment },
      replicaId: `${hostname()}/${process.pid}`,
      holdersOf: () => [],
      proxies: () => [],
      onPublished: () => undefined,
    });
    const adminTls = adminTlsOf(this.#settings, { clock, log, watch });
    const admin = new AdminServer(
      {
        status: this.#status(),
        metrics: () => metrics.text(),
        onRequest: (route, statusCode) => countRequest(metrics, route, statusCode),
        onRefused: adminRefusalLog(log),
        onError: thrown => log.error({ event: 'admin.defect', err: thrown }, messageOf(thrown)),
      },
      { ...this.#settings.adminAddress, ...(adminTls === undefined ? {} : { tls: adminTls }) },
    );
    const end = async (): Promise<void> => {
      await watcher.close();
      await directory[Symbol.asyncDispose]();
    };
    this.#lifecycle = new Lifecycle(
      [
        { name: 'state directory', start: () => Promise.resolve(), stop: end },
        { name: 'admin server', start: () => admin.start(), stop: () => admin.stop() },
        ...(tokens === undefined ? [] : [tokens]),
      ],
      (component, thrown) => {
        log.error(
          { event: 'process.stop_failed', err: thrown },
          `${component} was not stopped: ${messageOf(thrown)}`,
        );
      },
    );
    await this.#lifecycle.start();
    this.#isServing = true;
    return { tokens: addressOf(tokens), admin: formatAddress(admin.address) };
  }

  /** Orderly end: not ready, wait for it to be noticed, then end. */
  async drain(): Promise<void> {
    this.#isServing = false;
    await new Promise<void>(done => this.#parts.clock.after(this.#settings.drainDelayMs, done));
    await this.#lifecycle?.stop();
  }

  /** Health, and nothing of proxies: there are none. */
  #status(): StatusSource {
    return {
      health: () => {
        const detail = this.#isServing ? 'the address is bound' : 'starting or stopping';
        return { ready: this.#isServing, checks: [{ name: 'listening', ok: this.#isServing, detail }] };
      },
      nodes: () => [],
      node: () => undefined,
      nacks: () => [],
      secrets: () => [],
      secret: () => undefined,
      snapshots: () => ({
        last_load: 'none',
        last_load_at: null,
        confirm: null,
        groups: [],
        diagnostics: [],
      }),
    };
  }
}

function addressOf(tokens: TokenPart | undefined): string {
  return tokens?.address() ?? '';
}
