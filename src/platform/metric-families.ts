/** A label whose values come from operators' files: at most `cap` different ones are kept, the rest become `other`. */
interface OpenLabel {
  readonly cap: number;
}

/** One metric family. Labels list all their values, so the number of series is bounded. */
export interface MetricFamily {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Without the prefix `authplane_`. */
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[] | OpenLabel>>;
  /** Upper bounds of a histogram, in the unit of the name. */
  readonly buckets?: readonly number[];
}

const TYPE = ['cds', 'eds', 'sds', 'ecds', 'lds', 'srds', 'rds', 'vhds', 'rtds', 'other'] as const;
/** Every path of the token service. */
export const TOKEN_ROUTES = [
  '/oauth2/token',
  '/oauth2/introspect',
  '/oauth2/revoke',
  '/jwks.json',
  '/openapi.json',
  '/.well-known/oauth-authorization-server',
  '/edge/exchange/:client/:audience/*',
] as const;
const TOKEN_ROUTE = [...TOKEN_ROUTES, 'unknown'] as const;
const PROTOCOL = ['sotw', 'delta'] as const;
const GROUP = { cap: 50 } as const;
const FAST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;
const LOAD_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
const CONVERGENCE_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const STREAM_SECONDS = [1, 10, 60, 300, 900, 1800, 3600, 10_800, 43_200, 86_400] as const;
const BYTES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216] as const;

/** Every metric of authplane. docs/metrics.md is made from it. Never a node id, version or error text as a label. */
export const METRIC_FAMILIES = {
  buildInfo: {
    type: 'gauge',
    name: 'build_info',
    help: 'Always 1; the version of authplane and of Node.js in the labels.',
    labels: { version: { cap: 1 }, node_version: { cap: 1 } },
  },
  ready: { type: 'gauge', name: 'ready', help: '1 while /readyz answers 200.', labels: {} },
  draining: {
    type: 'gauge',
    name: 'draining',
    help: '1 from SIGTERM to the end of the process.',
    labels: {},
  },

  snapshotLoads: {
    type: 'counter',
    name: 'snapshot_load_total',
    help: 'Loads of the snapshot directory by result. guarded: held back by the shrink guard. failed: a defect.',
    labels: { result: ['ok', 'unchanged', 'invalid', 'guarded', 'failed'] },
  },
  snapshotLastLoadSuccessful: {
    type: 'gauge',
    name: 'snapshot_last_load_successful',
    help: '1 when the last load was taken for every node group, 0 when something of it was refused.',
    labels: {},
  },
  snapshotLastSuccess: {
    type: 'gauge',
    name: 'snapshot_last_success_timestamp_seconds',
    help: 'When a load was last taken for every node group, as seconds since the epoch.',
    labels: {},
  },
  snapshotLoadSeconds: {
    type: 'histogram',
    name: 'snapshot_load_duration_seconds',
    help: 'Time of a load: check is parsing, checking and compiling what changed, apply is taking it and telling the streams.',
    labels: { stage: ['check', 'apply'] },
    buckets: LOAD_SECONDS,
  },
  snapshotInfo: {
    type: 'gauge',
    name: 'snapshot_info',
    help: 'Always 1; a hash over the snapshots served, so that replicas can be compared. Only the current one is exposed.',
    labels: { version_hash: { cap: 1 } },
  },
  snapshotGroups: {
    type: 'gauge',
    name: 'snapshot_groups',
    help: 'Node groups that have a snapshot.',
    labels: {},
  },
  snapshotStaleGroups: {
    type: 'gauge',
    name: 'snapshot_stale_groups',
    help: 'Node groups that are served their last good snapshot because the files are refused.',
    labels: {},
  },
  snapshotResources: {
    type: 'gauge',
    name: 'snapshot_resources',
    help: 'Resources served, over all node groups.',
    labels: { type: TYPE },
  },
  snapshotIssues: {
    type: 'gauge',
    name: 'snapshot_validation_issues',
    help: 'Diagnostics of the files as they are now.',
    labels: { severity: ['error', 'warning'] },
  },
  snapshotChanges: {
    type: 'counter',
    name: 'snapshot_changes_total',
    help: 'Resources added, updated or removed in snapshots that are served.',
    labels: { type: TYPE, op: ['add', 'update', 'remove'] },
  },

  sourceWatchEvents: {
    type: 'counter',
    name: 'source_watch_events_total',
    help: 'Hints of the file system that something may have changed.',
    labels: {},
  },
  sourceRescans: {
    type: 'counter',
    name: 'source_rescans_total',
    help: 'Rescans by trigger. trigger="poll" with changed="true" means that the file system lost an event.',
    labels: { trigger: ['event', 'poll', 'signal', 'api'], changed: ['true', 'false'] },
  },
  sourceScanSeconds: {
    type: 'histogram',
    name: 'source_scan_duration_seconds',
    help: 'Time of one rescan, waiting for a second equal scan included.',
    labels: {},
    buckets: LOAD_SECONDS,
  },
  sourceFiles: { type: 'gauge', name: 'source_files', help: 'Snapshot files of the last scan.', labels: {} },
  sourceWatches: { type: 'gauge', name: 'source_watches', help: 'Directories that are watched.', labels: {} },
  sourceWatchDegraded: {
    type: 'gauge',
    name: 'source_watch_degraded',
    help: '1 while the system refuses to watch some directory, so that only polling finds changes there.',
    labels: {},
  },

  xdsStreams: {
    type: 'gauge',
    name: 'xds_streams',
    help: 'Open xDS streams.',
    labels: { protocol: PROTOCOL, api: ['ads', 'single'] },
  },
  xdsStreamsOpened: {
    type: 'counter',
    name: 'xds_stream_opened_total',
    help: 'xDS streams opened.',
    labels: { protocol: PROTOCOL },
  },
  xdsStreamsClosed: {
    type: 'counter',
    name: 'xds_stream_closed_total',
    help: 'xDS streams ended, by who or what ended them.',
    labels: { reason: ['client', 'drain', 'limit', 'garbage', 'identity', 'stalled', 'defect'] },
  },
  xdsStreamSeconds: {
    type: 'histogram',
    name: 'xds_stream_duration_seconds',
    help: 'Age of xDS streams when they end.',
    labels: { protocol: PROTOCOL },
    buckets: STREAM_SECONDS,
  },
  xdsClients: {
    type: 'gauge',
    name: 'xds_clients',
    help: 'Streams of connected proxies by type and state: synced, pending (sent, not answered yet), nacked, waiting (asked, nothing sent).',
    labels: { type: TYPE, state: ['synced', 'pending', 'nacked', 'waiting'], group: GROUP },
  },
  xdsUnmatchedClients: {
    type: 'gauge',
    name: 'xds_unmatched_clients',
    help: 'Connected proxies that no snapshot file matches. They keep what they have.',
    labels: {},
  },
  xdsRequests: {
    type: 'counter',
    name: 'xds_requests_total',
    help: 'xDS requests by what they say.',
    labels: { type: TYPE, kind: ['subscribe', 'resume', 'ack', 'nack', 'stale_nonce'] },
  },
  xdsResponses: {
    type: 'counter',
    name: 'xds_responses_total',
    help: 'xDS responses sent.',
    labels: { type: TYPE, protocol: PROTOCOL },
  },
  xdsResponseBytes: {
    type: 'histogram',
    name: 'xds_response_bytes',
    help: 'Size of xDS responses.',
    labels: { type: TYPE },
    buckets: BYTES,
  },
  xdsNacks: {
    type: 'counter',
    name: 'xds_nacks_total',
    help: 'Responses that a proxy rejected. The file and line are in /api/v1/nacks.',
    labels: { type: TYPE },
  },
  xdsHolds: {
    type: 'counter',
    name: 'xds_holds_total',
    help: 'Updates that waited for another type, by how the wait ended.',
    labels: { type: TYPE, result: ['released', 'timeout'] },
  },
  xdsAckSeconds: {
    type: 'histogram',
    name: 'xds_ack_duration_seconds',
    help: 'From a response sent to its acknowledgement.',
    labels: { type: TYPE },
    buckets: FAST_SECONDS,
  },
  xdsConvergenceSeconds: {
    type: 'histogram',
    name: 'xds_convergence_seconds',
    help: 'From a changed snapshot taken to a connected proxy having acknowledged it, per type.',
    labels: { type: TYPE, group: GROUP },
    buckets: CONVERGENCE_SECONDS,
  },
  xdsAdmissionRejected: {
    type: 'counter',
    name: 'xds_admission_rejected_total',
    help: 'xDS streams refused at the door.',
    labels: { reason: ['rate', 'max_streams', 'draining', 'memory', 'lag'] },
  },
  xdsOverloaded: {
    type: 'gauge',
    name: 'xds_overloaded',
    help: '1 while new xDS streams are turned away because the process is short of memory or time.',
    labels: { reason: ['memory', 'lag'] },
  },

  xdsConnectionErrors: {
    type: 'counter',
    name: 'xds_connection_errors_total',
    help: 'Connections to the xDS port that were no HTTP/2 or failed the TLS handshake.',
    labels: { reason: ['protocol', 'tls'] },
  },
  xdsPushQueueDepth: {
    type: 'gauge',
    name: 'xds_push_queue_depth',
    help: 'Streams that wait for the newest snapshot to be pushed.',
    labels: {},
  },

  jwksAgeSeconds: {
    type: 'gauge',
    name: 'jwks_age_seconds',
    help: 'Time since the key set of a provider was last fetched, or confirmed, by its URL.',
    labels: { provider: GROUP },
  },
  jwksKeys: {
    type: 'gauge',
    name: 'jwks_keys',
    help: 'Keys in use of a provider whose key set is fetched.',
    labels: { provider: GROUP },
  },
  jwksFetches: {
    type: 'counter',
    name: 'jwks_fetches_total',
    help: 'Fetches of key sets by their result.',
    labels: { provider: GROUP, result: ['ok', 'not-modified', 'failed'] },
  },
  certificateNotAfter: {
    type: 'gauge',
    name: 'certificate_not_after_timestamp_seconds',
    help: 'End of validity of the certificate of the xDS server, as seconds since the epoch.',
    labels: {},
  },
  snapshotCertificateNotAfter: {
    type: 'gauge',
    name: 'snapshot_certificate_not_after_timestamp_seconds',
    help: 'Earliest end of validity among the certificates that proxies get by SDS, as seconds since the epoch.',
    labels: { group: GROUP },
  },
  lastKnownGoodWrites: {
    type: 'counter',
    name: 'last_known_good_writes_total',
    help: 'Writes of last good snapshots to the state directory.',
    labels: { result: ['ok', 'error'] },
  },
  caRenewals: {
    type: 'counter',
    name: 'ca_renewals_total',
    help: 'What the CA of --ca-dir has issued again, and attempts that failed.',
    labels: { result: ['renewed', 'failed'] },
  },
  tokenKeys: {
    type: 'gauge',
    name: 'token_signing_keys',
    help: 'Signing keys of the token service by state.',
    labels: { state: ['pending', 'active', 'retiring', 'retired', 'compromised'] },
  },
  tokenKeyHeldUp: {
    type: 'gauge',
    name: 'token_key_held_up',
    help: '1 while the next signing key is due and a proxy or replica has not got it (authplane keys status).',
    labels: {},
  },
  tokenRevocations: {
    type: 'gauge',
    name: 'token_revocations',
    help: 'Revocations that have not expired. Proxies compare 500 of them; with more they refuse older tokens altogether.',
    labels: {},
  },
  tokenDatabaseUp: {
    type: 'gauge',
    name: 'token_database_up',
    help: '1 while the database of the token service can be reached. At 0 no token is made.',
    labels: {},
  },
  tokenConfigGood: {
    type: 'gauge',
    name: 'token_config_good',
    help: '0 while the file of the token service has errors and the last good state is in force.',
    labels: {},
  },
  tokenRequests: {
    type: 'counter',
    name: 'token_requests_total',
    help: 'Requests to the token service by route and OAuth error code.',
    labels: {
      route: TOKEN_ROUTE,
      error: [
        'none',
        'invalid_request',
        'invalid_client',
        'invalid_grant',
        'unauthorized_client',
        'unsupported_grant_type',
        'unsupported_token_type',
        'invalid_scope',
        'invalid_target',
        'temporarily_unavailable',
        'slow_down',
        'server_error',
      ],
    },
  },
  tokenRequestSeconds: {
    type: 'histogram',
    name: 'token_request_seconds',
    help: 'Time to answer a request to the token service.',
    labels: { route: TOKEN_ROUTE },
    buckets: FAST_SECONDS,
  },
  apiRequests: {
    type: 'counter',
    name: 'api_requests_total',
    help: 'Requests to the admin server, by route.',
    labels: {
      route: [
        '/livez',
        '/readyz',
        '/metrics',
        '/api/v1/nodes',
        '/api/v1/nodes/:id',
        '/api/v1/nacks',
        '/api/v1/snapshots',
        '/api/v1/secrets',
        '/api/v1/secrets/:name',
        'unknown',
      ],
      code_class: ['2xx', '3xx', '4xx', '5xx'],
    },
  },
} as const satisfies Readonly<Record<string, MetricFamily>>;

/** `snapshotLoads`, `xdsNacks` ... */
export type FamilyName = keyof typeof METRIC_FAMILIES;

type LabelValue<L> = L extends readonly (infer V)[] ? V : string;

/** The labels of a family, each with its closed set of values. */
export type LabelsOf<F extends FamilyName> = {
  readonly [L in keyof (typeof METRIC_FAMILIES)[F]['labels']]: LabelValue<
    (typeof METRIC_FAMILIES)[F]['labels'][L]
  >;
};

/** The families of one type. */
export type FamiliesOf<T extends MetricFamily['type']> = {
  [F in FamilyName]: (typeof METRIC_FAMILIES)[F]['type'] extends T ? F : never;
}[FamilyName];
