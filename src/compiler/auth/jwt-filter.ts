import type { JsonObject } from '@bufbuild/protobuf';
import { authenticatorsOf, bringsApiKey, bringsPassword, hasAlternatives } from './credentials.ts';
import type { ChainContext } from './chain-context.ts';
import { ID_TOKEN_HEADER } from './oauth2-filter.ts';
import { httpFilter, NO_PART, type ChainPart } from './nested-filter.ts';

/**
 * Verifies tokens (Envoy's jwt_authn). A request without a token passes only when it brings another credential of the chain, or when the
 * chain takes client certificates, which cannot be matched here; the filter `authenticated` behind it decides then.
 */
export function jwtFilter(context: ChainContext): ChainPart {
  const { spec } = context.chain;
  const names = jwtProviderNames(context);
  if (names.length === 0) return NO_PART;
  const providers = names.flatMap(name => {
    const json = context.providers.get(name)?.json;
    return json === undefined ? [] : [[name, withIdToken(json, name, context)] as const];
  });
  const strict: readonly JsonObject[] = names.map(name => ({ provider_name: name }));
  const optional = [...strict, { allow_missing: {} }];
  const others = [bringsApiKey(spec), bringsPassword(spec)].filter(match => match !== undefined);
  const takesCertificates = authenticatorsOf(spec, 'clientCertificate').length > 0;
  const rules = [
    ...(hasAlternatives(spec) ? others : []).map(match => rule({ prefix: '/', headers: [match] }, optional)),
    rule({ prefix: '/' }, takesCertificates ? optional : strict),
  ];
  const filter = httpFilter(`${spec.name}/jwt`, 'jwt_authn.v3.JwtAuthentication', {
    providers: Object.fromEntries(providers),
    rules,
  });
  return { filters: [filter], diagnostics: [] };
}

/** The names of the providers that the chain takes tokens of, each once. */
export function jwtProviderNames({ chain: { spec } }: Pick<ChainContext, 'chain'>): readonly string[] {
  const jwt = authenticatorsOf(spec, 'jwt').map(({ spec: { provider } }) => provider);
  const oauth2 = authenticatorsOf(spec, 'oauth2').map(({ spec: { provider } }) => provider);
  const exchange = authenticatorsOf(spec, 'exchange').map(({ spec: { provider } }) => provider);
  return [...new Set([...jwt, ...oauth2, ...exchange])];
}

/** The provider of a login that verifies the id token also looks where oauth2 puts it. */
function withIdToken(provider: JsonObject, name: string, { chain: { spec } }: ChainContext): JsonObject {
  const isWanted = authenticatorsOf(spec, 'oauth2').some(
    ({ spec: oauth2 }) => oauth2.verify === 1 && oauth2.provider === name,
  );
  if (!isWanted) return provider;
  const headers = (provider['from_headers'] ?? []) as JsonObject[];
  return { ...provider, from_headers: [...headers, { name: ID_TOKEN_HEADER }] };
}

function rule(match: JsonObject, requirements: readonly JsonObject[]): JsonObject {
  const [only] = requirements;
  const requires =
    requirements.length === 1 && only !== undefined
      ? only
      : { requires_any: { requirements: [...requirements] } };
  return { match, requires };
}
