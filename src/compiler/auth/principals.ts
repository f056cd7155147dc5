import type { Diagnostic } from '../../resources/diagnostic.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { AuthEntry } from './auth-entry.ts';
import { CLAIMS_KEY, providerKey } from './auth-names.ts';
import type { ClaimMatchSpec, JwtPrincipalSpec, PolicySpec } from './auth-spec.ts';
import { cidrRange } from './cidr.ts';
import {
  allPrincipals,
  anyPrincipal,
  claim,
  glob,
  header,
  jwtMetadata,
  oneOf,
  textOrEntry,
  type Principal,
} from './matchers.ts';

/** Headers by which later filters know who was authenticated. Undefined: the chain does not authenticate that way. */
export interface IdentityHeaders {
  readonly apiKeyClient: string | undefined;
  readonly basicUser: string | undefined;
}

/** Somebody with a validated client certificate that has such a name (RBAC principal mtls_authenticated). */
export function certificateName(sanType: 'URI' | 'DNS', pattern: string): Principal {
  return {
    custom: {
      name: 'envoy.rbac.principals.mtls_authenticated',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.rbac.principals.mtls_authenticated.v3.Config',
        san_matcher: { san_type: sanType, matcher: glob(pattern, sanType === 'URI' ? '/' : '.') },
      },
    },
  };
}

/** A token that the provider has verified. */
export function verifiedBy(provider: string): Principal {
  return jwtMetadata([providerKey(provider), 'alg'], { present_match: true });
}

/** A verified token, whoever has issued it. */
export function anyToken(): Principal {
  return jwtMetadata([CLAIMS_KEY, 'iss'], { present_match: true });
}

/** A token with the scope. Both claims are lists by then: jwt_authn splits a text at its spaces. */
export function scopePrincipal(scope: string): Principal {
  const match = textOrEntry({ exact: scope });
  return anyPrincipal([claim(['scope'], match), claim(['scp'], match)]);
}

/** Who a policy is for. */
export function compilePrincipals(
  policy: AuthEntry<PolicySpec>,
  headers: IdentityHeaders,
): { readonly principal: Principal; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const { jwt, spiffe, apiKeyClients, basicUsers, cidrs, anyAuthenticated } = policy.spec.principals;
  const all: Principal[] = [];
  if (jwt !== undefined) all.push(...jwtPrincipals(policy, jwt, diagnostics));
  if (spiffe.length > 0) all.push(anyPrincipal(spiffe.map(pattern => certificateName('URI', pattern))));
  if (apiKeyClients.length > 0) all.push(identity(headers.apiKeyClient, apiKeyClients));
  if (basicUsers.length > 0) all.push(identity(headers.basicUser, basicUsers));
  if (cidrs.length > 0) {
    const ranges = cidrs.flatMap((text, index) => {
      const range = cidrRange(text);
      if (range !== undefined) return [{ remote_ip: range }];
      const place = policy.at(['principals', 'cidrs', index]);
      diagnostics.push(
        diagnosticAt(place, undefined, { code: 'AP1922', message: `"${text}" is not a network` }),
      );
      return [];
    });
    if (ranges.length > 0) all.push(anyPrincipal(ranges));
  }
  if (all.length === 0 && !anyAuthenticated && diagnostics.length === 0) {
    const message = `policy "${policy.spec.name}" does not say who is meant`;
    diagnostics.push(diagnosticAt(policy.at(['principals']), undefined, { code: 'AP1907', message }));
  }
  return { principal: allPrincipals(all), diagnostics };
}

/** A header that the chain itself has set; nobody when it does not. */
function identity(name: string | undefined, values: readonly string[]): Principal {
  if (name === undefined) return { not_id: { any: true } };
  return { header: header(name, { string_match: oneOf(values) }) };
}

function jwtPrincipals(
  policy: AuthEntry<PolicySpec>,
  jwt: JwtPrincipalSpec,
  diagnostics: Diagnostic[],
): readonly Principal[] {
  const principals: Principal[] = [jwt.provider === '' ? anyToken() : verifiedBy(jwt.provider)];
  for (const [name, match] of Object.entries(jwt.claims)) {
    principals.push(
      ...claimPrincipals(policy, [name], match, ['principals', 'jwt', 'claims', name], diagnostics),
    );
  }
  return [...principals, ...jwt.scopes.map(scopePrincipal)];
}

function claimPrincipals(
  policy: AuthEntry<PolicySpec>,
  path: readonly string[],
  match: ClaimMatchSpec,
  place: readonly string[],
  diagnostics: Diagnostic[],
): readonly Principal[] {
  const found: Principal[] = [];
  if (match.any.length > 0) found.push(claim(path, textOrEntry(oneOf(match.any))));
  found.push(
    ...match.all.map(text => claim(path, { list_match: { one_of: { string_match: { exact: text } } } })),
  );
  if (match.prefix.length > 0) {
    found.push(anyPrincipal(match.prefix.map(prefix => claim(path, textOrEntry({ prefix })))));
  }
  if (match.is !== undefined) found.push(claim(path, { bool_match: match.is }));
  if (match.present) found.push(claim(path, { present_match: true }));
  for (const [name, inner] of Object.entries(match.nested)) {
    const at = [...place, 'nested', name];
    found.push(...claimPrincipals(policy, [...path, name], inner, at, diagnostics));
  }
  if (found.length === 0) {
    const message = `policy "${policy.spec.name}" does not say what claim "${path.join('.')}" must be`;
    diagnostics.push(diagnosticAt(policy.at(place), undefined, { code: 'AP1907', message }));
  }
  return found;
}
