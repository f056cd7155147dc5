import type { EdgeRevocation } from '../../tokens/edge-revocations.ts';
import type { ChainContext } from './chain-context.ts';
import { jwtProviderNames } from './jwt-filter.ts';
import { allPrincipals, anyPrincipal, claim, type Principal } from './matchers.ts';
import { httpFilter, NO_PART, type ChainPart } from './nested-filter.ts';
import { readRevocations } from './token-service-asset.ts';

/** Later than any token: the end of the range of times. */
const NEVER = 1e12;

/**
 * Refuses tokens of authplane's own token service that were revoked (Envoy's RBAC, 403). It is part of the chain, so it holds whether or not the service can
 * be reached, and on connections that are open.
 */
export function revocationFilter(context: ChainContext): ChainPart {
  const { spec } = context.chain;
  const issuers = jwtProviderNames(context).flatMap(name => {
    const provider = context.providers.get(name)?.spec;
    return provider?.jwks.source.case === 'tokenService' ? [provider.issuer] : [];
  });
  const { entries, issuedBefore } = readRevocations(context.assets);
  const revoked = [...revokedBy(entries), ...(issuedBefore === undefined ? [] : [olderThan(issuedBefore)])];
  if (issuers.length === 0 || revoked.length === 0) return NO_PART;
  const own = anyPrincipal([...new Set(issuers)].map(issuer => claimIs('iss', issuer)));
  const filter = httpFilter(`${spec.name}/revoked`, 'rbac.v3.RBAC', {
    rules: {
      action: 'DENY',
      policies: {
        revoked: { permissions: [{ any: true }], principals: [allPrincipals([own, anyPrincipal(revoked)])] },
      },
    },
    rules_stat_prefix: `${spec.name}_revoked_`,
  });
  return { filters: [filter], diagnostics: [] };
}

/** Ids of tokens in one comparison, which is the cheapest; subjects and clients each with their time. */
function revokedBy(entries: readonly EdgeRevocation[]): readonly Principal[] {
  const ids = entries.filter(({ claim: name }) => name === 'jti').map(({ value }) => value);
  const others = entries.filter(({ claim: name }) => name !== 'jti');
  return [
    ...(ids.length === 0
      ? []
      : [claim(['jti'], { or_match: { value_matchers: ids.map(id => ({ string_match: { exact: id } })) } })]),
    ...others.map(({ claim: name, value, issuedBefore }) =>
      allPrincipals([claimIs(name, value), olderThan(issuedBefore)]),
    ),
  ];
}

function claimIs(name: string, value: string): Principal {
  return claim([name], { string_match: { exact: value } });
}

/** A token that does not say when it was issued counts as older. */
function olderThan(seconds: number): Principal {
  return { not_id: claim(['iat'], { double_match: { range: { start: seconds, end: NEVER } } }) };
}
