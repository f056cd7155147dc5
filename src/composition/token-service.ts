import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Schema } from '../compiler/schema/registry.ts';
import { formatAddress } from '../config/parse-value.ts';
import type { TokenSettings } from '../config/token-settings.ts';
import { ControlServer } from '../endpoints/token/control-server.ts';
import { TokenHttpServer } from '../endpoints/token/token-http-server.ts';
import {
  tokenConfigObserver,
  tokenHttpObserver,
  tokenServiceObserver,
} from '../observability/token-observer.ts';
import type { Clock } from '../platform/clock.ts';
import { messageOf } from '../platform/errors.ts';
import type { Component } from '../platform/lifecycle.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { TokenOverlay } from '../compiler/auth/overlay-token-state.ts';
import { openDatabase, withSchema } from '../storage/open-database.ts';
import { tokenStoresOn } from '../storage/token-stores-on.ts';
import { AuditFile } from '../token-service/audit-file.ts';
import { PublishedKeys } from '../token-service/published-keys.ts';
import { readKeks } from '../token-service/read-kek.ts';
import { TokenAdmin } from '../token-service/token-admin.ts';
import { TokenConfigSource, type TokenConfigObserver } from '../token-service/token-config-source.ts';
import { TokenRequests } from '../token-service/token-requests.ts';
import { TokenService, type TokenServiceParts } from '../token-service/token-service.ts';
import type { WatchPaths } from '../tls/server-tls.ts';
import { issuerKeysIn } from './issuer-keys.ts';
import { tokenFilesIn } from './token-files.ts';
import { tokenTlsOf } from './token-tls.ts';

export interface TokenParts {
  readonly schema: Schema;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly watch: WatchPaths;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Names this process among replicas. */
  readonly replicaId: string;
  readonly holdersOf: TokenServiceParts['holdersOf'];
  readonly proxies: TokenServiceParts['proxies'];
  /** Called when keys or revocations have changed. */
  readonly onPublished: () => void;
}

/** The token service with everything that it stands on, as a part of a server. */
export interface TokenPart extends Component {
  /** What proxies get of it; undefined: nothing is known yet. */
  overlay(): TokenOverlay | undefined;
  /** Undefined: its file was not read yet. */
  issuer(): string | undefined;
  /** Names of all keys that are published. */
  kids(): readonly string[];
  /** `host:port`, once started. */
  address(): string | undefined;
}

/** Undefined without `--token-config`. */
export function tokenServiceOf(
  settings: TokenSettings & { readonly stateDirectory: string },
  parts: TokenParts,
): TokenPart | undefined {
  const { tokenConfig } = settings;
  if (tokenConfig === undefined) return undefined;
  const { log } = parts;
  const files = tokenFilesIn(settings.stateDirectory);
  const onFailed = (thrown: unknown): void =>
    log.error({ event: 'tokens.keep_failed' }, `what proxies get cannot be kept: ${messageOf(thrown)}`);
  const published = new PublishedKeys({ onChange: parts.onPublished, onFailed }, files.published);
  const running = new AsyncDisposableStack();
  let http: TokenHttpServer | undefined;
  let issuer: string | undefined;
  return {
    name: 'token service',
    start: async () => {
      await using starting = new AsyncDisposableStack();
      await mkdir(files.directory, { recursive: true, mode: 0o700 });
      await published.start();
      parts.onPublished();
      starting.defer(() => published.stop());
      const started = await startService({ ...settings, tokenConfig }, parts, published, starting);
      ({ issuer } = started.service.config);
      parts.onPublished();
      http = await startPorts(settings, parts, { ...started, published, socket: files.socket }, starting);
      running.use(starting.move());
    },
    stop: () => running.disposeAsync(),
    overlay: () => published.overlay,
    issuer: () => issuer,
    kids: () => published.kids,
    address: () => (http === undefined ? undefined : formatAddress(http.address)),
  };
}

interface StartedService {
  readonly service: TokenService;
  readonly requests: TokenRequests;
}

async function startService(
  settings: TokenSettings & { readonly stateDirectory: string; readonly tokenConfig: string },
  parts: TokenParts,
  published: PublishedKeys,
  starting: AsyncDisposableStack,
): Promise<StartedService> {
  const { clock, log, metrics } = parts;
  const files = tokenFilesIn(settings.stateDirectory);
  const issuerKeys = issuerKeysIn(files.directory, parts);
  starting.defer(() => issuerKeys.stop());
  let forget = (): void => undefined;
  const configObserver = tokenConfigObserver({ log, metrics });
  const loaded: TokenConfigObserver['loaded'] = config => {
    configObserver.loaded(config);
    forget();
    issuerKeys.follow(config);
  };
  const config = new TokenConfigSource(
    { schema: parts.schema, clock, observer: { ...configObserver, loaded }, watch: parts.watch },
    { path: resolve(settings.tokenConfig), lastGoodPath: files.config },
  );
  await config.start();
  starting.defer(() => config.stop());
  const { kekFile: file, kekPreviousFile: previousFile } = settings;
  const keks = await readKeks({ file, previousFile, environment: parts.environment });
  const url = settings.databaseUrl === '' ? undefined : settings.databaseUrl;
  const opened = starting.use(await openDatabase({ url, directory: files.database }, clock));
  const database = withSchema(opened, settings.databaseMigrate);
  const observer = tokenServiceObserver({ log, metrics });
  const service = new TokenService({
    stores: tokenStoresOn(database),
    clock,
    keks,
    config: () => config.config,
    replicaId: parts.replicaId,
    holdersOf: parts.holdersOf,
    proxies: parts.proxies,
    fetchedKeys: url => issuerKeys.keysOf(url),
    observer: {
      ...observer,
      changed: state => {
        observer.changed(state);
        published.update(state);
        // A request that came between the notice and this state was judged by the one before.
        forget();
      },
    },
  });
  await service.start();
  starting.defer(() => service.stop());
  const requests = new TokenRequests(service);
  forget = () => requests.forget();
  const onNotice = (): void => {
    forget();
    void service.refresh();
  };
  starting.use(await database.listen('authplane_tokens', onNotice));
  await startAuditFile(settings, parts, service, starting);
  return { service, requests };
}

async function startAuditFile(
  { auditFile }: TokenSettings,
  { clock, log }: TokenParts,
  service: TokenService,
  starting: AsyncDisposableStack,
): Promise<void> {
  if (auditFile === undefined) return;
  const onFailed = (thrown: unknown): void =>
    log.error(
      { event: 'audit.file_failed' },
      `the audit cannot be appended to its file: ${messageOf(thrown)}`,
    );
  const file = new AuditFile({ store: service.parts.stores, clock, onFailed }, resolve(auditFile));
  await file.start();
  starting.defer(() => file.stop());
}

async function startPorts(
  settings: TokenSettings,
  parts: TokenParts,
  {
    service,
    requests,
    published,
    socket,
  }: StartedService & { readonly published: PublishedKeys; readonly socket: string },
  starting: AsyncDisposableStack,
): Promise<TokenHttpServer> {
  const { tls, certificateOf } = tokenTlsOf(settings, parts);
  const http = new TokenHttpServer(
    {
      requests,
      issuer: () => service.config.issuer,
      jwks: () => published.jwks,
      scopes: () => [...new Set([...service.config.audiences.values()].flatMap(scopes => [...scopes]))],
      certificateOf,
      ...tokenHttpObserver(parts),
    },
    { ...settings.tokenAddress, ...(tls === undefined ? {} : { tls }) },
  );
  await http.start();
  starting.defer(() => http.stop());
  const control = new ControlServer(new TokenAdmin(service), socket);
  await control.start();
  starting.defer(() => control.stop());
  parts.log.info(
    { event: 'tokens.listening', address: formatAddress(http.address) },
    'the token service answers',
  );
  return http;
}
