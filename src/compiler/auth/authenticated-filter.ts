import type { AuthChainSpec, PolicySpec } from './auth-spec.ts';
import type { ChainContext } from './chain-context.ts';
import { authenticatorsOf, identityHeaders } from './credentials.ts';
import { headerPresent, allPrincipals, type Principal } from './matchers.ts';
import { httpFilter, type ChainPart } from './nested-filter.ts';
import { certificateName, scopePrincipal, verifiedBy } from './principals.ts';

/**
 * True when every policy that allows demands a verified token by itself, and nothing else lets in: then the filter would only cost
 * time.
 */
export function isAuthenticationImplied(chain: AuthChainSpec, policies: readonly PolicySpec[]): boolean {
  const allowed = policies.filter(({ effect, mode }) => effect === 1 && mode === 0);
  const tokensOnly = chain.authenticate.every(
    ({ kind }) =>
      kind.case === 'oauth2' ||
      kind.case === 'exchange' ||
      (kind.case === 'jwt' && kind.value.scopes.length === 0),
  );
  return tokensOnly && allowed.length > 0 && allowed.every(({ principals }) => principals.jwt !== undefined);
}

/**
 * Lets pass who was authenticated, one way or another. It does not trust the filters before it to have refused the others: a request
 * that their matchers do not know, such as CONNECT, leaves no trace of a credential and is refused here.
 */
export function authenticatedFilter({ chain: { spec }, providers }: ChainContext): ChainPart {
  const principals: Principal[] = [];
  for (const { spec: jwt } of authenticatorsOf(spec, 'jwt')) {
    const provider = providers.get(jwt.provider);
    if (provider !== undefined)
      principals.push(allPrincipals([verifiedBy(provider), ...jwt.scopes.map(scopePrincipal)]));
  }
  for (const { spec: other } of [
    ...authenticatorsOf(spec, 'oauth2'),
    ...authenticatorsOf(spec, 'exchange'),
  ]) {
    const provider = providers.get(other.provider);
    if (provider !== undefined) principals.push(verifiedBy(provider));
  }
  for (const { spec: certificate } of authenticatorsOf(spec, 'clientCertificate')) {
    principals.push(...certificate.spiffe.map(pattern => certificateName('URI', pattern)));
    principals.push(...certificate.dns.map(pattern => certificateName('DNS', pattern)));
  }
  const { apiKeyClient, basicUser } = identityHeaders(spec);
  for (const name of [apiKeyClient, basicUser]) {
    if (name !== undefined) principals.push({ header: headerPresent(name) });
  }
  // Without principals Envoy would refuse the filter, and with it the chain.
  const policies =
    principals.length === 0 ? {} : { authenticated: { permissions: [{ any: true }], principals } };
  const filter = httpFilter(`${spec.name}/authenticated`, 'rbac.v3.RBAC', {
    rules: { action: 'ALLOW', policies },
    rules_stat_prefix: `${spec.name}_authenticated_`,
  });
  return { filters: [filter], diagnostics: [] };
}
