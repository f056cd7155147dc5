import type { JsonObject } from '@bufbuild/protobuf';
import { diagnosticAt } from '../resource-group.ts';
import { durationJson, durationMs, type ExchangeAuthenticatorSpec } from './auth-spec.ts';
import type { ChainContext } from './chain-context.ts';
import { onlyWithHeader } from './conditional-filter.ts';
import { authenticatorsOf } from './credentials.ts';
import { removeHeadersFilter } from './header-filters.ts';
import { httpFilter, NO_PART, type ChainPart, type NestedFilter } from './nested-filter.ts';

const DEFAULT_TIMEOUT_MS = 1_000;
const DEFAULT_HEADER = 'private-token';

/** A personal token or macaroon in `Authorization`; schemes are not case-sensitive. */
const AUTHORIZATION = { safe_regex: { google_re2: {}, regex: '(?i:bearer) +apat-.*|(?i:macaroon) +.*' } };
const ANY_VALUE = { safe_regex: { google_re2: {}, regex: '.*' } };

/**
 * Asks the token service for an access token in the place of what the request brings (Envoy's ext_authz), before tokens are verified. A request that brings nothing
 * of the kind is not held up. The service can set `authorization` and nothing else.
 */
export function exchangeFilter({ chain, providers }: ChainContext): ChainPart {
  const [authenticator] = authenticatorsOf(chain.spec, 'exchange');
  if (authenticator === undefined) return NO_PART;
  const { spec, index } = authenticator;
  const provider = providers.get(spec.provider)?.spec;
  if (provider !== undefined && provider.jwks.source.case !== 'tokenService') {
    const place = chain.at(['authenticate', index, 'exchange', 'provider']);
    const message = `provider "${spec.provider}" has not the keys of the token service`;
    return { filters: [], diagnostics: [diagnosticAt(place, undefined, { code: 'AP1930', message })] };
  }
  const { name } = chain.spec;
  const audience = provider?.audiences[0] ?? '';
  const header = exchangeHeader(spec);
  const ask = (suffix: string): NestedFilter => askFilter(`${name}/${suffix}`, spec, header, audience);
  return {
    filters: [
      onlyWithHeader(ask('exchange-header'), header, ANY_VALUE),
      onlyWithHeader(ask('exchange'), 'authorization', AUTHORIZATION),
      // The token that was brought is nobody else's business.
      removeHeadersFilter(`${name}/exchange`, [header]),
    ],
    diagnostics: [],
  };
}

/** The request header that brings a personal token, lower-cased. */
export function exchangeHeader({ header }: Pick<ExchangeAuthenticatorSpec, 'header'>): string {
  return header.toLowerCase() || DEFAULT_HEADER;
}

function askFilter(
  name: string,
  spec: ExchangeAuthenticatorSpec,
  header: string,
  audience: string,
): NestedFilter {
  const { cluster, client, timeout } = spec;
  const exact = (value: string): JsonObject => ({ exact: value, ignore_case: true });
  return httpFilter(name, 'ext_authz.v3.ExtAuthz', {
    http_service: {
      server_uri: {
        uri: `http://${cluster}`,
        cluster,
        timeout: durationJson(durationMs(timeout, DEFAULT_TIMEOUT_MS)),
      },
      // The path of the request follows: a macaroon may be for some paths only.
      path_prefix: `/edge/exchange/${encodeURIComponent(client)}/${encodeURIComponent(audience)}`,
      authorization_response: { allowed_upstream_headers: { patterns: [exact('authorization')] } },
    },
    transport_api_version: 'V3',
    failure_mode_allow: false,
    clear_route_cache: false,
    validate_mutations: true,
    stat_prefix: name.replaceAll('/', '_'),
    allowed_headers: { patterns: [exact(header), exact('authorization')] },
  });
}
