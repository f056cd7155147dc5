import type { JsonObject } from '@bufbuild/protobuf';
import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Asset } from '../../resources/source-tree.ts';
import { checkJwks } from '../checks/jwks.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import { CLAIMS_KEY, providerKey } from './auth-names.ts';
import { durationJson, durationMs, type JwtProviderSpec } from './auth-spec.ts';
import { readTextAsset } from './read-asset.ts';
import { TOKEN_SERVICE_KEYS } from './token-service-keys.ts';

/** A provider as chains use it. */
export interface CompiledProvider {
  readonly spec: JwtProviderSpec;
  /** envoy.extensions.filters.http.jwt_authn.v3.JwtProvider; undefined while there are no keys, so that chains must deny. */
  readonly json: JsonObject | undefined;
  /** Request headers that it sets from claims. */
  readonly headers: readonly string[];
  /** True when another provider of the node group has the same issuer. */
  readonly sharesIssuer: boolean;
}

/** Longest time that a token may be valid from now, unless a provider says otherwise. */
export const DEFAULT_LIFETIME_MS = 900_000;
const DEFAULT_SKEW_MS = 5_000;
const DEFAULT_CACHE_SIZE = 1000;

/** Envoy refuses larger tokens without looking at them only for its cache; they are verified each time. */
const MAX_CACHED_TOKEN_BYTES = 8192;

/** Compiles a provider with its keys inlined: Envoy fetches nothing itself. */
export function compileProvider(
  entry: DeclaredEntry<JwtProviderSpec>,
  assets: ReadonlyMap<string, Asset>,
  sharesIssuer: boolean,
): { readonly provider: CompiledProvider; readonly diagnostics: readonly Diagnostic[] } {
  const { spec } = entry;
  const { jwks, diagnostics } = readKeys(entry, assets);
  const headers = spec.claimToHeaders.map(({ header }) => header);
  const json = jwks === undefined ? undefined : providerJson(spec, jwks, sharesIssuer);
  return { provider: { spec, json, headers, sharesIssuer }, diagnostics };
}

function readKeys(
  entry: DeclaredEntry<JwtProviderSpec>,
  assets: ReadonlyMap<string, Asset>,
): { readonly jwks: string | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const { source } = entry.spec.jwks;
  if (source.case === undefined) return { jwks: undefined, diagnostics: [] };
  const place = entry.at(['jwks', source.case]);
  if (source.case === 'url') {
    const problem = urlProblem(source.value);
    if (problem !== undefined) {
      return {
        jwks: undefined,
        diagnostics: [diagnosticAt(place, undefined, { code: 'AP1929', message: problem })],
      };
    }
  }
  if (source.case === 'tokenService') return { jwks: TOKEN_SERVICE_KEYS, diagnostics: [] };
  if (source.case === 'url' && assets.get(source.value)?.kind !== 'read') {
    const message = `the keys of provider "${entry.spec.name}" have not been fetched yet`;
    const finding = { code: 'AP1923', severity: 'warning', message } as const;
    return { jwks: undefined, diagnostics: [diagnosticAt(place, undefined, finding)] };
  }
  const path = source.case === 'file' ? entry.resolve(source.value) : source.value;
  const read = readTextAsset(assets, path, place);
  if (read.text === undefined) return { jwks: undefined, diagnostics: [read.diagnostic] };
  const diagnostics = checkJwks(read.text).map(issue =>
    // What is only a warning in an operator's own filter is refused here.
    diagnosticAt(place, undefined, {
      code: 'AP1904',
      severity: issue.code === 'AP1610' ? 'error' : issue.severity,
      message: `key set of provider "${entry.spec.name}": ${issue.message}`,
    }),
  );
  return { jwks: read.text, diagnostics };
}

/** Why keys must not be fetched from there: without TLS they could be anybody's. Undefined: they may be. */
export function urlProblem(url: string): string | undefined {
  if (!URL.canParse(url)) return `"${url}" is not a URL`;
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return undefined;
  return `"${url}" is fetched without TLS`;
}

function providerJson(spec: JwtProviderSpec, jwks: string, sharesIssuer: boolean): JsonObject {
  const cacheSize = spec.cacheSize ?? DEFAULT_CACHE_SIZE;
  return {
    issuer: spec.issuer,
    audiences: [...spec.audiences],
    local_jwks: { inline_string: jwks },
    ...tokenSources(spec),
    forward: spec.forward,
    payload_in_metadata: CLAIMS_KEY,
    ...(sharesIssuer ? { header_in_metadata: providerKey(spec.name) } : {}),
    require_expiration: spec.requireExpiration ?? true,
    max_lifetime: durationJson(durationMs(spec.maxLifetime, DEFAULT_LIFETIME_MS)),
    clock_skew_seconds: Math.ceil(durationMs(spec.clockSkew, DEFAULT_SKEW_MS) / 1000),
    ...(cacheSize === 0
      ? {}
      : { jwt_cache_config: { jwt_cache_size: cacheSize, jwt_max_token_size: MAX_CACHED_TOKEN_BYTES } }),
    claim_to_headers: spec.claimToHeaders.map(({ header, claim }) => ({
      header_name: header,
      claim_name: claim,
    })),
  };
}

/** Always explicit: by default Envoy also takes the query parameter `access_token`. */
function tokenSources(spec: JwtProviderSpec): JsonObject {
  const headers =
    spec.fromHeaders.length === 0 && spec.fromCookies.length === 0
      ? [{ name: 'Authorization', valuePrefix: 'Bearer ' }]
      : spec.fromHeaders;
  return {
    from_headers: headers.map(({ name, valuePrefix }) => ({ name, value_prefix: valuePrefix })),
    from_cookies: [...spec.fromCookies],
  };
}
