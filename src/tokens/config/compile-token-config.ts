import { durationMs } from '../../compiler/auth/auth-spec.ts';
import { urlProblem } from '../../compiler/auth/jwt-provider.ts';
import { checkJwks } from '../../compiler/checks/jwks.ts';
import { nearName } from '../../compiler/schema/near-name.ts';
import type { DiagnosticCode } from '../../resources/diagnostic-codes.ts';
import type { DocumentPath } from '../../resources/diagnostic.ts';
import type { Asset } from '../../resources/source-tree.ts';
import type { TokenFile } from './token-file.ts';
import type {
  ClientAuthentication,
  ClientConfig,
  ExchangeRule,
  ExchangeSubject,
  Jwk,
  TokenConfig,
  TrustedIssuerConfig,
} from './token-config.ts';
import type { ClientSpec, ExchangeSpec, TrustedIssuerSpec } from './token-file-spec.ts';

const DAY_MS = 86_400_000;
const DEFAULT_ACCESS_LIFETIME_MS = 300_000;
const DEFAULT_ROTATE_EVERY_MS = 30 * DAY_MS;
const DEFAULT_MACAROON_LIFETIME_MS = 30 * DAY_MS;
const DEFAULT_MAX_AGE_MS = 3_600_000;
const DEFAULT_REFRESH_MS = 300_000;
const DEFAULT_REQUESTS_PER_SECOND = 50;

/** Claims that the token service itself sets (RFC 7519, 9068, 8693, 7800), and those that proxies and services decide by. */
const OWN_CLAIMS: ReadonlySet<string> = new Set([
  ...[
    'iss',
    'sub',
    'aud',
    'exp',
    'nbf',
    'iat',
    'jti',
    'client_id',
    'scope',
    'scp',
    'cnf',
    'act',
    'may_act',
    'projects',
  ],
]);

/** What checking works with. */
interface Context extends TokenFile {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly audiences: ReadonlyMap<string, ReadonlySet<string>>;
  readonly allScopes: ReadonlySet<string>;
}

/** Makes the configuration of a decoded file; what is wrong goes to its report. Pure. */
export function compileTokenConfig(file: TokenFile, assets: ReadonlyMap<string, Asset>): TokenConfig {
  const { spec } = file;
  const audiences = new Map(spec.audiences.map(({ name, scopes }) => [name, new Set(scopes)]));
  const context: Context = {
    ...file,
    assets,
    audiences,
    allScopes: new Set([...audiences.values()].flatMap(scopes => [...scopes])),
  };
  checkIssuer(context);
  checkNames(context, 'audiences', spec.audiences);
  checkNames(
    context,
    'clients',
    spec.clients.map(({ id }) => ({ name: id })),
  );
  checkNames(context, 'trusted_issuers', spec.trustedIssuers);
  checkNames(context, 'exchanges', spec.exchanges);
  return {
    issuer: spec.issuer,
    accessLifetimeMs: durationMs(spec.accessTokens?.lifetime, DEFAULT_ACCESS_LIFETIME_MS),
    algorithm: (spec.accessTokens?.algorithm || 'ES256') as TokenConfig['algorithm'],
    rotateEveryMs: durationMs(spec.keys?.rotateEvery, DEFAULT_ROTATE_EVERY_MS),
    macaroonMaxLifetimeMs: durationMs(spec.macaroons?.maxLifetime, DEFAULT_MACAROON_LIFETIME_MS),
    audiences,
    clients: new Map(spec.clients.map((client, index) => [client.id, compileClient(context, client, index)])),
    trustedIssuers: new Map(
      spec.trustedIssuers.map((issuer, index) => [issuer.name, compileIssuer(context, issuer, index)]),
    ),
    exchanges: spec.exchanges.map((exchange, index) => compileExchange(context, exchange, index)),
  };
}

function fail({ report }: Context, code: DiagnosticCode, path: DocumentPath, message: string): void {
  report.report({ code, severity: 'error', path, message });
}

function checkIssuer(context: Context): void {
  const { issuer } = context.spec;
  if (urlProblem(issuer) === undefined) return;
  fail(context, 'AP2104', ['issuer'], `issuer ${issuer} is not https`);
}

function checkNames(context: Context, list: string, entries: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  entries.forEach(({ name }, index) => {
    if (seen.has(name)) fail(context, 'AP2102', [list, index], `"${name}" is declared twice in ${list}`);
    seen.add(name);
  });
}

/** The names of a list that are known; the others are reported. */
function knownNames(
  context: Context,
  names: readonly string[],
  known: ReadonlySet<string>,
  noun: string,
  path: DocumentPath,
): ReadonlySet<string> {
  names.forEach((name, index) => {
    if (known.has(name)) return;
    const near = nearName(name, known);
    const message = `unknown ${noun} "${name}"${near === undefined ? '' : `, did you mean "${near}"?`}`;
    fail(context, 'AP2101', [...path, index], message);
  });
  return new Set(names.filter(name => known.has(name)));
}

function compileClient(context: Context, spec: ClientSpec, index: number): ClientConfig {
  const path = ['clients', index];
  const audiences = new Set(context.audiences.keys());
  const isEdge = spec.authentication.case === 'edge';
  if (isEdge && spec.audiences.length + spec.scopes.length + spec.introspects.length > 0) {
    fail(context, 'AP2107', path, `client "${spec.id}" is a proxy and may only exchange`);
  }
  return {
    id: spec.id,
    authentication: compileAuthentication(context, spec, path),
    audiences: knownNames(context, spec.audiences, audiences, 'audience', [...path, 'audiences']),
    scopes: knownNames(context, spec.scopes, context.allScopes, 'scope', [...path, 'scopes']),
    introspects: knownNames(context, spec.introspects, audiences, 'audience', [...path, 'introspects']),
    requestsPerSecond: spec.requestsPerSecond || DEFAULT_REQUESTS_PER_SECOND,
  };
}

function compileAuthentication(
  context: Context,
  { authentication }: ClientSpec,
  path: DocumentPath,
): ClientAuthentication {
  if (authentication.case === 'tlsClientAuth') {
    const { name } = authentication.value;
    const { case: kind = 'dns', value = '' } = name as {
      readonly case?: 'spiffe' | 'dns';
      readonly value?: string;
    };
    return { kind: 'tls_client_auth', name: { kind, value } };
  }
  if (authentication.case === 'edge') return { kind: 'edge' };
  const file = authentication.case === undefined ? '' : authentication.value.jwks;
  return { kind: 'private_key_jwt', keys: readKeys(context, file, [...path, 'private_key_jwt', 'jwks']) };
}

/** The keys of a file; empty, and reported, when it cannot be used. */
function readKeys(context: Context, file: string, path: DocumentPath): readonly Jwk[] {
  const asset = context.assets.get(context.resolve(file));
  if (asset?.kind !== 'read') {
    fail(context, 'AP2103', path, `${file} cannot be read`);
    return [];
  }
  const text = Buffer.from(asset.bytes).toString('utf8');
  const issues = checkJwks(text);
  for (const { message } of issues) fail(context, 'AP2103', path, `${file}: ${message}`);
  if (issues.length > 0) return [];
  return (JSON.parse(text) as { readonly keys: readonly Jwk[] }).keys;
}

function compileIssuer(context: Context, spec: TrustedIssuerSpec, index: number): TrustedIssuerConfig {
  const path = ['trusted_issuers', index, 'jwks'];
  const { source, refresh, overlap, trustedCa } = spec.jwks;
  const { name, issuer, audiences } = spec;
  if (source.case === 'tokenService') {
    fail(context, 'AP2103', [...path, 'token_service'], 'the token service is no other issuer');
  }
  const problem = source.case === 'url' ? urlProblem(source.value) : undefined;
  if (problem !== undefined) fail(context, 'AP1929', [...path, 'url'], problem);
  return {
    name,
    issuer,
    audiences,
    maxAgeMs: durationMs(spec.maxAge, DEFAULT_MAX_AGE_MS),
    jwks:
      source.case === 'url'
        ? {
            kind: 'url',
            url: source.value,
            refreshMs: durationMs(refresh, DEFAULT_REFRESH_MS),
            overlapMs: durationMs(overlap, 0),
            trustedCaPath: trustedCa === '' ? undefined : context.resolve(trustedCa),
          }
        : {
            kind: 'keys',
            keys: readKeys(context, source.case === 'file' ? source.value : '', [...path, 'file']),
          },
  };
}

function compileExchange(context: Context, spec: ExchangeSpec, index: number): ExchangeRule {
  const path = ['exchanges', index];
  const clientIds = new Set(context.spec.clients.map(({ id }) => id));
  const audiences = knownNames(context, spec.audiences, new Set(context.audiences.keys()), 'audience', [
    ...path,
    'audiences',
  ]);
  const scopes = knownNames(context, spec.scopes, context.allScopes, 'scope', [...path, 'scopes']);
  const reachable = [...audiences].flatMap(name => [...(context.audiences.get(name) ?? [])]);
  if (scopes.size > 0 && audiences.size > 0 && !reachable.some(scope => scopes.has(scope))) {
    fail(context, 'AP2106', [...path, 'scopes'], `exchange "${spec.name}" has no scope of its audiences`);
  }
  for (const [at, claim] of spec.copyClaims.entries()) {
    if (OWN_CLAIMS.has(claim)) {
      fail(context, 'AP2105', [...path, 'copy_claims', at], `claim "${claim}" cannot be copied`);
    }
  }
  const subject = compileSubject(context, spec, path);
  return {
    name: spec.name,
    subject,
    clients: knownNames(context, spec.clients, clientIds, 'client', [...path, 'clients']),
    audiences,
    scopes,
    subjectTemplate: compileTemplate(context, spec, subject, path),
    copyClaims: spec.copyClaims,
  };
}

function compileSubject(context: Context, { subject }: ExchangeSpec, path: DocumentPath): ExchangeSubject {
  switch (subject.case) {
    case 'idToken': {
      const { issuer, claims } = subject.value;
      const known = new Set(context.spec.trustedIssuers.map(({ name }) => name));
      if (!known.has(issuer)) {
        fail(context, 'AP2101', [...path, 'id_token', 'issuer'], `unknown trusted issuer "${issuer}"`);
      }
      return { kind: 'id_token', issuer, claims: claims.map(({ name, any }) => ({ name, any })) };
    }
    case 'clientCertificate':
      return { kind: 'client_certificate', spiffe: subject.value.spiffe };
    case 'macaroon':
      return { kind: 'macaroon' };
    default:
      return { kind: 'personal_token' };
  }
}

function compileTemplate(
  context: Context,
  { subjectTemplate }: ExchangeSpec,
  subject: ExchangeSubject,
  path: DocumentPath,
): string {
  if (subjectTemplate === '') return subject.kind === 'id_token' ? `${subject.issuer}:{sub}` : '{subject}';
  const names = [...subjectTemplate.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
  const rest = subjectTemplate.replace(/\{[A-Za-z0-9_.-]+\}/g, '');
  const isKnown = subject.kind === 'id_token' || names.every(name => name === 'subject');
  if (names.length === 0 || /[{}]/.test(rest) || !isKnown) {
    fail(
      context,
      'AP2105',
      [...path, 'subject_template'],
      `"${subjectTemplate}" is no template for this subject`,
    );
  }
  return subjectTemplate;
}
