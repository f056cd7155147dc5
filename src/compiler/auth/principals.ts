import type { Diagnostic } from '../../resources/diagnostic.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import { CLAIMS_KEY, providerKey } from './auth-names.ts';
import type { ClaimMatchSpec, JwtPrincipalSpec, JwtProviderSpec, PolicySpec } from './auth-spec.ts';
import { cidrRange } from './cidr.ts';
import {
  allPrincipals,
  anyPrincipal,
  claim,
  escapeRegex,
  glob,
  header,
  jwtMetadata,
  oneOf,
  regex,
  textOrEntry,
  type Principal,
} from './matchers.ts';

/** Headers by which later filters know who was authenticated. Undefined: the chain does not authenticate that way. */
export interface IdentityHeaders {
  readonly apiKeyClient: string | undefined;
  readonly basicUser: string | undefined;
}

/** What principals are made from, beside the policy. */
export interface PrincipalContext {
  readonly headers: IdentityHeaders;
  readonly providers: ReadonlyMap<string, VerifyingProvider>;
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

/**
 * A token that the provider has verified: one of its issuer, because jwt_authn compares. Providers that share an issuer leave a trace of
 * their own instead, which costs Envoy more.
 */
export function verifiedBy({ spec, sharesIssuer }: VerifyingProvider): Principal {
  return sharesIssuer
    ? jwtMetadata([providerKey(spec.name), 'alg'], { present_match: true })
    : claim(['iss'], { string_match: { exact: spec.issuer } });
}

/** What tells the tokens of a provider from those of others. */
export interface VerifyingProvider {
  readonly spec: Pick<JwtProviderSpec, 'name' | 'issuer'>;
  /** True when another provider of the node group has the same issuer. */
  readonly sharesIssuer: boolean;
}

/** A verified token, whoever has issued it. */
export function anyToken(): Principal {
  return jwtMetadata([CLAIMS_KEY, 'iss'], { present_match: true });
}

/**
 * A token with the scope: a word of the text `scope` (RFC 8693, section 4.2) or `scp`, or an entry when it is a list. jwt_authn could split the
 * text itself, but for every request, 1.5 µs each.
 */
export function scopePrincipal(scope: string): Principal {
  const word = `(?:.* )?${escapeRegex(scope)}(?: .*)?`;
  const match = {
    or_match: {
      value_matchers: [
        { string_match: regex(word) },
        { list_match: { one_of: { string_match: { exact: scope } } } },
      ],
    },
  };
  return anyPrincipal([claim(['scope'], match), claim(['scp'], match)]);
}

/** Who a policy is for. */
export function compilePrincipals(
  policy: DeclaredEntry<PolicySpec>,
  { headers, providers }: PrincipalContext,
): { readonly principal: Principal; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const { jwt, spiffe, apiKeyClients, basicUsers, cidrs, anyAuthenticated } = policy.spec.principals;
  const all: Principal[] = [];
  if (jwt !== undefined) all.push(...jwtPrincipals(policy, jwt, providers, diagnostics));
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

/** A provider that does not exist has verified nothing; the chain says so. */
function tokenPrincipal(name: string, providers: ReadonlyMap<string, VerifyingProvider>): Principal {
  const provider = providers.get(name);
  return name === '' || provider === undefined ? anyToken() : verifiedBy(provider);
}

function jwtPrincipals(
  policy: DeclaredEntry<PolicySpec>,
  jwt: JwtPrincipalSpec,
  providers: ReadonlyMap<string, VerifyingProvider>,
  diagnostics: Diagnostic[],
): readonly Principal[] {
  const principals: Principal[] = [tokenPrincipal(jwt.provider, providers)];
  for (const [name, match] of Object.entries(jwt.claims)) {
    principals.push(
      ...claimPrincipals(policy, [name], match, ['principals', 'jwt', 'claims', name], diagnostics),
    );
  }
  return [...principals, ...jwt.scopes.map(scopePrincipal)];
}

function claimPrincipals(
  policy: DeclaredEntry<PolicySpec>,
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
