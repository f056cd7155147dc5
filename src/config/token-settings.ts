import type { Setting, ValuesOf } from './setting.ts';

/** The settings of the token service, also of the commands that work with it. */
export const TOKEN_SETTINGS = {
  tokenConfig: {
    kind: 'path',
    name: 'token-config',
    section: 'Token service',
    doc: 'File of the token service: clients, issuers and exchanges. Re-read when it changes. Absent: there is no token service.',
  },
  tokenAddress: {
    kind: 'address',
    name: 'token-address',
    section: 'Token service',
    default: '127.0.0.1:18100',
    doc: 'Address of the token service. Port 0 takes a free port.',
  },
  tokenTlsCert: {
    kind: 'path',
    name: 'token-tls-cert',
    section: 'Token service',
    doc: 'PEM certificate chain of the token service. Re-read when it changes. Needed unless token-address is a loopback address.',
  },
  tokenTlsKey: {
    kind: 'path',
    name: 'token-tls-key',
    section: 'Token service',
    doc: 'PEM private key of the token service. Re-read when it changes.',
  },
  tokenTlsClientCa: {
    kind: 'path',
    name: 'token-tls-client-ca',
    section: 'Token service',
    doc: 'PEM CA certificates that certificates of clients come from (tls_client_auth, bound tokens). Clients are asked for one and may have none.',
  },
  tokenTlsClientCrl: {
    kind: 'path',
    name: 'token-tls-client-crl',
    section: 'Token service',
    doc: 'PEM revocation lists of all CAs in token-tls-client-ca. Re-read when it changes.',
  },
  databaseUrl: {
    kind: 'text',
    name: 'database-url',
    section: 'Token service',
    default: '',
    doc: 'PostgreSQL for keys, tokens, revocations and audit: postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full. Better as environment variable: flags can be seen by all users. Absent: an embedded database in the state directory.',
  },
  databaseMigrate: {
    kind: 'boolean',
    name: 'database-migrate',
    section: 'Token service',
    default: 'true',
    doc: 'Bring the schema of the database to that of this release before it is used. Turned off, authplane db migrate does it.',
  },
  kekFile: {
    kind: 'path',
    name: 'kek-file',
    section: 'Token service',
    doc: 'File with the key (32 bytes, also as hexadecimal digits or base64) that signing keys are encrypted with. Else the variable AUTHPLANE_KEK, else the systemd credential authplane-kek.',
  },
  kekPreviousFile: {
    kind: 'path',
    name: 'kek-previous-file',
    section: 'Token service',
    doc: 'The key-encryption key before, while signing keys are still wrapped with it (authplane keys rewrap).',
  },
  auditFile: {
    kind: 'path',
    name: 'audit-file',
    section: 'Token service',
    doc: 'File that every entry of the audit is appended to, as JSON lines. Absent: the audit is in the database only.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type TokenSettings = ValuesOf<typeof TOKEN_SETTINGS>;

/** Mistakes that only several settings together make; one line each. */
export function tokenConflicts(settings: TokenSettings): readonly string[] {
  const { tokenTlsCert, tokenTlsKey, tokenTlsClientCa, tokenTlsClientCrl, tokenConfig } = settings;
  const conflicts: string[] = [];
  if ((tokenTlsCert === undefined) !== (tokenTlsKey === undefined)) {
    conflicts.push('token-tls-cert and token-tls-key must be set together');
  }
  if (tokenTlsClientCa !== undefined && tokenTlsCert === undefined) {
    conflicts.push('token-tls-client-ca needs token-tls-cert and token-tls-key');
  }
  if (tokenTlsClientCrl !== undefined && tokenTlsClientCa === undefined) {
    conflicts.push('token-tls-client-crl needs token-tls-client-ca');
  }
  const isLoopback = /^(127\.|localhost$|::1$|\[::1\]$)/.test(settings.tokenAddress.host);
  if (tokenConfig !== undefined && tokenTlsCert === undefined && !isLoopback) {
    conflicts.push('token-address needs token-tls-cert: tokens would travel in clear text');
  }
  if (settings.databaseUrl !== '' && !/^postgres(ql)?:\/\//.test(settings.databaseUrl)) {
    conflicts.push('database-url must begin with postgres://');
  }
  return conflicts;
}
