import type { JsonObject } from '@bufbuild/protobuf';
import type { AuthChainSpec, AuthenticatorKinds } from './auth-spec.ts';
import { header, headerPresent } from './matchers.ts';
import type { IdentityHeaders } from './principals.ts';

/** The authenticators of one kind with their place in the list. */
export function authenticatorsOf<Kind extends keyof AuthenticatorKinds>(
  chain: AuthChainSpec,
  kind: Kind,
): readonly { readonly spec: AuthenticatorKinds[Kind]; readonly index: number }[] {
  return chain.authenticate.flatMap(({ kind: authenticator }, index) =>
    authenticator.case === kind ? [{ spec: authenticator.value as AuthenticatorKinds[Kind], index }] : [],
  );
}

/** The request header with the API key. */
export function apiKeyHeader(chain: AuthChainSpec): string | undefined {
  const [apiKey] = authenticatorsOf(chain, 'apiKey');
  return apiKey === undefined ? undefined : apiKey.spec.header.toLowerCase() || 'x-api-key';
}

/** Headers that tell who was authenticated. */
export function identityHeaders(chain: AuthChainSpec): IdentityHeaders {
  const [apiKey] = authenticatorsOf(chain, 'apiKey');
  const [basic] = authenticatorsOf(chain, 'basic');
  return {
    apiKeyClient: apiKey === undefined ? undefined : apiKey.spec.clientHeader.toLowerCase() || 'x-api-client',
    basicUser: basic === undefined ? undefined : basic.spec.userHeader.toLowerCase() || 'x-basic-user',
  };
}

/** What a request with an API key looks like (HeaderMatcher). */
export function bringsApiKey(chain: AuthChainSpec): JsonObject | undefined {
  const name = apiKeyHeader(chain);
  return name === undefined ? undefined : headerPresent(name);
}

/** What a request with a name and a password looks like (HeaderMatcher). Schemes are not case-sensitive (RFC 9110, section 11.1). */
export function bringsPassword(chain: AuthChainSpec): JsonObject | undefined {
  const [basic] = authenticatorsOf(chain, 'basic');
  return basic === undefined
    ? undefined
    : header('authorization', { string_match: { prefix: 'basic ', ignore_case: true } });
}

/** True when the chain has more than one way in, so that each filter must let pass what brings another credential. */
export function hasAlternatives(chain: AuthChainSpec): boolean {
  return new Set(chain.authenticate.map(({ kind }) => kind.case)).size > 1;
}
