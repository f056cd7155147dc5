import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtVerify, SignJWT } from 'jose';
import { systemClock } from '../src/platform/clock.ts';
import type { Database } from '../src/storage/database.ts';
import { withSchema } from '../src/storage/open-database.ts';
import { openPglite } from '../src/storage/pglite-database.ts';
import { openPostgres } from '../src/storage/postgres-database.ts';
import { tokenStoresOn } from '../src/storage/token-stores-on.ts';
import { introspect } from '../src/token-service/introspect.ts';
import { createPersonalToken } from '../src/token-service/personal-tokens.ts';
import type { TokenRequest } from '../src/token-service/request-context.ts';
import { answerTokenRequest } from '../src/token-service/token-endpoint.ts';
import { verifyAccessToken } from '../src/token-service/token-lookup.ts';
import { TokenService } from '../src/token-service/token-service.ts';
import type { ClientConfig, TokenConfig } from '../src/tokens/config/token-config.ts';
import { keyEncryptionKey } from '../src/tokens/keys/envelope.ts';
import { TOKEN_TYPES } from '../src/tokens/oauth/token-types.ts';
import { PostgresServer } from '../test/support/postgres-server.ts';
import { mebibytes, threeDigits, whole, type Figures, type Section } from './report.ts';

export interface TokenScale {
  /** Calls of each operation, and at a time. */
  readonly calls: number;
  readonly width: number;
}

const CLIENT: ClientConfig = {
  id: 'edge',
  authentication: { kind: 'edge' },
  audiences: new Set(['api']),
  scopes: new Set(['read']),
  introspects: new Set(['api']),
  requestsPerSecond: 1e9,
};

const CONFIG: TokenConfig = {
  issuer: 'https://auth.example',
  accessLifetimeMs: 300_000,
  algorithm: 'ES256',
  rotateEveryMs: 86_400_000,
  macaroonMaxLifetimeMs: 86_400_000,
  audiences: new Map([['api', new Set(['read'])]]),
  clients: new Map([['edge', CLIENT]]),
  trustedIssuers: new Map(),
  exchanges: [
    {
      name: 'personal',
      subject: { kind: 'personal_token' },
      clients: new Set(['edge']),
      audiences: new Set(['api']),
      scopes: new Set(['read']),
      subjectTemplate: '{subject}',
      copyClaims: [],
    },
  ],
};

/** The token service without HTTP on both databases, and bare jose with the same key and claims in the same run. */
export async function measureTokens(scale: TokenScale): Promise<Section> {
  // The embedded one last: it stays in the memory of this process.
  const rows = [...(await measureOn('postgres', scale)), ...(await measureOn('pglite', scale))];
  return {
    name: 'tokens',
    title: 'Token service: calls without HTTP',
    note:
      `${scale.calls.toLocaleString('en-US')} calls, ${scale.width} at a time. CPU: of this process, which the embedded database is part of and a PostgreSQL server is not.\n` +
      'Mint and exchange include the audit entry, written before the token leaves. Baseline: jose alone signs or verifies with the same key.',
    columns: [
      { key: 'database', title: 'database' },
      { key: 'operation', title: 'operation' },
      { key: 'perSecond', title: 'per second', format: whole },
      { key: 'perCpuSecond', title: 'per CPU second', format: whole },
      { key: 'josePerCpuSecond', title: 'jose per CPU second', format: whole },
      { key: 'ofJose', title: 'of jose', format: threeDigits },
      { key: 'rssBytes', title: 'RSS MiB', format: mebibytes },
    ],
    rows,
  };
}

async function measureOn(kind: Database['kind'], scale: TokenScale): Promise<readonly Figures[]> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'authplane-bench-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const database =
    kind === 'pglite'
      ? stack.use(await openPglite(directory))
      : stack.use(
          openPostgres({ url: await stack.use(await PostgresServer.start()).createDatabase() }, systemClock),
        );
  const service = new TokenService({
    stores: tokenStoresOn(withSchema(database, true)),
    clock: systemClock,
    keks: [keyEncryptionKey(randomBytes(32))],
    config: () => CONFIG,
    replicaId: 'bench',
    holdersOf: () => [],
    proxies: () => [],
    fetchedKeys: () => undefined,
    observer: { changed: () => undefined, databaseChanged: () => undefined, heldUp: () => undefined },
  });
  await service.start();
  stack.defer(() => service.stop());
  const rows: Figures[] = [];
  for (const [operation, run, baseline] of await operationsOf(service)) {
    const bare = await timed(baseline, scale);
    const own = await timed(run, scale);
    rows.push({
      database: kind,
      operation,
      perSecond: scale.calls / own.wallS,
      perCpuSecond: scale.calls / own.cpuS,
      josePerCpuSecond: scale.calls / bare.cpuS,
      ofJose: bare.cpuS / own.cpuS,
      rssBytes: process.memoryUsage().rss,
    });
  }
  return rows;
}

type Operation = readonly [name: string, run: () => Promise<unknown>, baseline: () => Promise<unknown>];

async function operationsOf(service: TokenService): Promise<readonly Operation[]> {
  const { stores } = service.parts;
  const partsOf = () => {
    const { ring, revocations } = service.state;
    const nowMs = Date.now();
    const fetchedKeys = (): undefined => undefined;
    return {
      config: CONFIG,
      ring,
      revocations,
      audit: service.audit,
      personalTokens: stores,
      fetchedKeys,
      nowMs,
    };
  };
  const requestOf = (form: Readonly<Record<string, string>>): TokenRequest => ({
    form: new Map(Object.entries(form).map(([name, value]) => [name, [value]])),
    certificate: undefined,
    hasAuthorization: false,
    address: '127.0.0.1',
    correlationId: 'bench',
  });
  const client = { kind: 'authenticated', client: CLIENT, thumbprint: undefined } as const;
  const ask = async (form: Readonly<Record<string, string>>): Promise<string> => {
    const answer = await answerTokenRequest(requestOf(form), client, partsOf());
    if (answer.kind === 'refused') throw new Error(answer.description);
    return answer.body.access_token;
  };
  const wish = {
    subject: 'user:1',
    name: 'bench',
    audiences: ['api'],
    scopes: ['read'],
    claims: {},
    lifetimeMs: 3_600_000,
  };
  const personal = await createPersonalToken(wish, 'bench', {
    config: CONFIG,
    store: stores,
    nowMs: Date.now(),
  });
  const mint = { grant_type: 'client_credentials' };
  const exchange = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: personal.text,
    subject_token_type: TOKEN_TYPES.personalToken,
  };
  const token = await ask(mint);
  const signer = service.state.ring.signer('ES256');
  const key = service.state.ring.findKey(signer?.kid);
  if (signer === undefined || key === undefined) throw new Error('no key is active');
  const claims = { iss: CONFIG.issuer, sub: 'edge', aud: 'api', client_id: 'edge', scope: 'read' };
  const sign = (): Promise<string> =>
    new SignJWT({ ...claims, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: signer.kid })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(signer.privateKey);
  const verify = (): Promise<unknown> =>
    jwtVerify(token, key.publicKey, { issuer: CONFIG.issuer, audience: 'api' });
  return [
    ['mint', () => ask(mint), sign],
    ['exchange', () => ask(exchange), sign],
    ['verify', () => verifyAccessToken(token, ['api'], partsOf()), verify],
    ['introspect', () => introspect(token, CLIENT, partsOf()), verify],
  ];
}

/** Wall and CPU time of this process, which the embedded database is part of and a server is not. */
async function timed(
  run: () => Promise<unknown>,
  { calls, width }: TokenScale,
): Promise<{ readonly wallS: number; readonly cpuS: number }> {
  for (let warm = 0; warm < calls / 10; warm++) await run();
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let left = calls;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: width }, lane));
  const { user, system } = process.cpuUsage(cpu);
  return { wallS: (performance.now() - startedMs) / 1000, cpuS: (user + system) / 1e6 };
}
