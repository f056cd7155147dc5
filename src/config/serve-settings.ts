import { templateProblem } from '../resources/identity-rule.ts';
import type { Setting, ValuesOf } from './setting.ts';
import { TOKEN_SETTINGS, tokenConflicts } from './token-settings.ts';

/** The settings of `authplane serve`. Keys carry the unit of the parsed value. */
export const SERVE_SETTINGS = {
  snapshots: {
    kind: 'path',
    name: 'snapshots',
    section: 'Files',
    default: 'snapshots',
    doc: 'Directory of snapshot files; watched at any depth.',
  },
  stateDirectory: {
    kind: 'path',
    name: 'state-dir',
    section: 'Files',
    default: 'state',
    doc: 'Directory for the last good snapshot of each node group. Created with mode 0700.',
  },
  stateKeyFile: {
    kind: 'path',
    name: 'state-key-file',
    section: 'Files',
    doc: 'File with the key (32 bytes, also as hexadecimal digits or base64) that the last good snapshots are encrypted with; they hold private keys. In a systemd unit: %d/NAME of a credential.',
  },
  statePlaintext: {
    kind: 'boolean',
    name: 'state-plaintext',
    section: 'Files',
    default: 'false',
    doc: 'Keep the last good snapshots in clear text when there is no state-key-file. Without either they are not kept over a restart.',
  },
  shrinkGuard: {
    kind: 'boolean',
    name: 'shrink-guard',
    section: 'Files',
    default: 'true',
    doc: 'Refuse a load without any file, or one that removes more than 10 and more than 30 % of the resources of a type, until confirmed (authplane confirm).',
  },
  pollIntervalMs: {
    kind: 'duration',
    name: 'poll-interval',
    section: 'Files',
    default: '1s',
    doc: 'How often files are compared even if the system reports no change.',
  },
  authSlots: {
    kind: 'count',
    name: 'auth-slots',
    section: 'Files',
    default: '16',
    doc: 'Slots for auth chains in every connection manager that has one; half of them can be taken. A change drains the connections of these listeners.',
  },
  xdsAddress: {
    kind: 'address',
    name: 'xds-address',
    section: 'xDS server',
    default: '127.0.0.1:18000',
    doc: 'Address of the xDS gRPC server. Port 0 takes a free port.',
  },
  xdsTlsCert: {
    kind: 'path',
    name: 'xds-tls-cert',
    section: 'xDS server',
    doc: 'PEM certificate chain of the xDS server. Re-read when it changes. Absent: plaintext.',
  },
  xdsTlsKey: {
    kind: 'path',
    name: 'xds-tls-key',
    section: 'xDS server',
    doc: 'PEM private key of the xDS server. Re-read when it changes.',
  },
  xdsTlsClientCa: {
    kind: 'path',
    name: 'xds-tls-client-ca',
    section: 'xDS server',
    doc: 'PEM CA certificates that client certificates must come from (mTLS). Absent: no client certificate is asked for.',
  },
  xdsTlsClientCrl: {
    kind: 'path',
    name: 'xds-tls-client-crl',
    section: 'xDS server',
    doc: 'PEM revocation lists of all CAs in xds-tls-client-ca. Re-read when it changes; streams of revoked certificates are ended.',
  },
  nodeIdentity: {
    kind: 'choice',
    name: 'node-identity',
    section: 'xDS server',
    choices: ['none', 'spiffe', 'dns'],
    default: 'none',
    doc: 'Which name in the client certificate says what node.id and node.cluster a proxy may claim: its SPIFFE ID or a DNS name. Needs xds-tls-client-ca; CSDS and reflection are then not served.',
  },
  nodeIdentityTemplate: {
    kind: 'text',
    name: 'node-identity-template',
    section: 'xDS server',
    default: '',
    doc: 'That name, with {id} and {cluster}: spiffe://example.org/{cluster}/{id} or {id}.{cluster}.example.org.',
  },
  gateTimeoutMs: {
    kind: 'duration',
    name: 'gate-timeout',
    section: 'xDS server',
    default: '5s',
    doc: 'How long an update waits for the acknowledgement of another type before it is sent all the same.',
  },
  adminAddress: {
    kind: 'address',
    name: 'admin-address',
    section: 'Admin server',
    default: '127.0.0.1:19000',
    doc: 'Address of health, metrics and the read-only API. Port 0 takes a free port. Without admin-tls-cert it has no authentication: keep it off public networks.',
  },
  adminTlsCert: {
    kind: 'path',
    name: 'admin-tls-cert',
    section: 'Admin server',
    doc: 'PEM certificate chain of the admin server. Re-read when it changes. Absent: plain HTTP.',
  },
  adminTlsKey: {
    kind: 'path',
    name: 'admin-tls-key',
    section: 'Admin server',
    doc: 'PEM private key of the admin server. Re-read when it changes.',
  },
  adminTlsClientCa: {
    kind: 'path',
    name: 'admin-tls-client-ca',
    section: 'Admin server',
    doc: 'PEM CA certificates that certificates of operators and monitoring must come from. All but /livez and /readyz is then refused without one.',
  },
  adminTlsClientCrl: {
    kind: 'path',
    name: 'admin-tls-client-crl',
    section: 'Admin server',
    doc: 'PEM revocation lists of all CAs in admin-tls-client-ca. Re-read when it changes.',
  },
  adminClients: {
    kind: 'text',
    name: 'admin-clients',
    section: 'Admin server',
    default: '',
    doc: 'SPIFFE IDs and DNS names of who may read the admin server, as globs, separated by commas: spiffe://example.org/operator/*. Required with admin-tls-client-ca, because proxies often have certificates of the same CA.',
  },
  certificateWarningDays: {
    kind: 'count',
    name: 'certificate-warning-days',
    section: 'Certificate authority',
    default: '7',
    doc: 'Certificates of proxies with less left are logged with a warning, and with an error when a seventh of that is left. For a shorter life a quarter of it counts.',
  },
  caDirectory: {
    kind: 'path',
    name: 'ca-dir',
    section: 'Certificate authority',
    doc: 'Directory of a CA made by authplane ca init: what it has issued is renewed at half of its life. Absent: nothing is renewed.',
  },
  caPassphraseFile: {
    kind: 'path',
    name: 'ca-passphrase-file',
    section: 'Certificate authority',
    doc: 'File with the passphrase of the keys of the CA.',
  },
  ...TOKEN_SETTINGS,
  failFast: {
    kind: 'boolean',
    name: 'fail-fast',
    section: 'Start and stop',
    default: 'false',
    doc: 'Exit with code 2 when the first load gives nothing to serve, instead of staying up, not ready, and trying again.',
  },
  drainDelayMs: {
    kind: 'duration',
    name: 'drain-delay',
    section: 'Start and stop',
    default: '5s',
    doc: 'After SIGTERM: how long /readyz answers 503 before streams are ended.',
  },
  drainSpreadMs: {
    kind: 'duration',
    name: 'drain-spread',
    section: 'Start and stop',
    default: '20s',
    doc: 'After SIGTERM: the time over which streams are ended, in random order. With the delay at most 30s in all.',
  },
  logLevel: {
    kind: 'choice',
    name: 'log-level',
    section: 'Start and stop',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    doc: 'The least severe level that is logged (JSON lines on stderr).',
  },
  maxFileBytes: {
    kind: 'size',
    name: 'max-file-size',
    section: 'Limits',
    default: '32MiB',
    doc: 'Largest snapshot file that is read.',
  },
  maxRequestBytes: {
    kind: 'size',
    name: 'max-request-size',
    section: 'Limits',
    default: '4MiB',
    doc: 'Largest xDS request that is accepted.',
  },
  maxStreams: {
    kind: 'count',
    name: 'max-streams',
    section: 'Limits',
    default: '50000',
    doc: 'Most xDS streams at a time; others are refused with RESOURCE_EXHAUSTED.',
  },
  maxSubscriptionNames: {
    kind: 'count',
    name: 'max-subscription-names',
    section: 'Limits',
    default: '20000',
    doc: 'Most names in one subscription; also the number of EDS clusters that one proxy can have.',
  },
  streamMaxAgeMs: {
    kind: 'duration',
    name: 'stream-max-age',
    section: 'Limits',
    default: '30m',
    doc: 'Age at which a stream is ended so that proxies spread over replicas; 10 % of jitter either way.',
  },
  newStreamsPerSecond: {
    kind: 'count',
    name: 'new-streams-per-second',
    section: 'Limits',
    default: '500',
    doc: 'New xDS streams admitted per second, so that a fleet that reconnects at once is served in turn.',
  },
  maxMemoryBytes: {
    kind: 'size',
    name: 'max-memory',
    section: 'Limits',
    doc: 'Resident memory above which new xDS streams are refused; open ones go on. Absent: 85 % of the memory limit of the container, if it has one.',
  },
  maxLagMs: {
    kind: 'duration',
    name: 'max-lag',
    section: 'Limits',
    default: '3s',
    doc: 'How late the process may be with its work, on average over a second, before new xDS streams are refused; open ones go on.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** The parsed settings of `authplane serve`. */
export type ServeSettings = ValuesOf<typeof SERVE_SETTINGS>;

/** Mistakes that only several settings together make; one line each. */
export function conflictsOf(settings: ServeSettings): readonly string[] {
  const conflicts: string[] = [];
  if ((settings.xdsTlsCert === undefined) !== (settings.xdsTlsKey === undefined)) {
    conflicts.push('xds-tls-cert and xds-tls-key must be set together');
  }
  if (settings.xdsTlsClientCa !== undefined && settings.xdsTlsCert === undefined) {
    conflicts.push(
      'xds-tls-client-ca needs xds-tls-cert and xds-tls-key: client certificates are checked over TLS only',
    );
  }
  if (settings.xdsTlsClientCrl !== undefined && settings.xdsTlsClientCa === undefined) {
    conflicts.push('xds-tls-client-crl needs xds-tls-client-ca');
  }
  if (settings.stateKeyFile !== undefined && settings.statePlaintext) {
    conflicts.push('state-key-file and state-plaintext exclude each other');
  }
  conflicts.push(...adminConflicts(settings), ...tokenConflicts(settings));
  if (settings.caPassphraseFile !== undefined && settings.caDirectory === undefined) {
    conflicts.push('ca-passphrase-file needs ca-dir');
  }
  const { nodeIdentity: kind, nodeIdentityTemplate: template } = settings;
  if (kind !== 'none') {
    const problem = templateProblem({ kind, template });
    if (problem !== undefined) conflicts.push(`node-identity-template: ${problem}`);
    if (settings.xdsTlsClientCa === undefined) {
      conflicts.push(
        `node-identity ${kind} needs xds-tls-client-ca: only a verified certificate says who a proxy is`,
      );
    }
  } else if (template !== '') {
    conflicts.push('node-identity-template needs node-identity spiffe or dns');
  }
  if (settings.drainDelayMs + settings.drainSpreadMs > 30_000) {
    conflicts.push(
      'drain-delay and drain-spread must be at most 30s together: after that the process stops at once',
    );
  }
  if (settings.pollIntervalMs < 100) conflicts.push('poll-interval must be at least 100ms');
  return conflicts;
}

function adminConflicts(settings: ServeSettings): readonly string[] {
  const { adminTlsCert, adminTlsKey, adminTlsClientCa, adminTlsClientCrl, adminClients } = settings;
  const conflicts: string[] = [];
  if ((adminTlsCert === undefined) !== (adminTlsKey === undefined)) {
    conflicts.push('admin-tls-cert and admin-tls-key must be set together');
  }
  if (adminTlsClientCa !== undefined && adminTlsCert === undefined) {
    conflicts.push('admin-tls-client-ca needs admin-tls-cert and admin-tls-key');
  }
  if (adminTlsClientCrl !== undefined && adminTlsClientCa === undefined) {
    conflicts.push('admin-tls-client-crl needs admin-tls-client-ca');
  }
  if ((adminTlsClientCa !== undefined) !== (adminClients !== '')) {
    conflicts.push('admin-tls-client-ca and admin-clients must be set together');
  }
  return conflicts;
}
