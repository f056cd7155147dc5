import type { JsonObject } from '@bufbuild/protobuf';
import type { EdgeRevocation, EdgeRevocations } from '../../tokens/edge-revocations.ts';
import type { ChainContext } from './chain-context.ts';
import { jwtProviderNames } from './jwt-filter.ts';
import { allPrincipals, anyPrincipal, claim, type Principal } from './matchers.ts';
import { httpFilter, NO_PART, type ChainPart } from './nested-filter.ts';

/** How the names of the filters end. */
export const REVOKED = '/revoked';

/** Later than any token: the end of the range of times. */
const NEVER = 1e12;

/**
 * The place of what refuses revoked tokens of authplane's own token service (Envoy's RBAC, 403). It is part of the chain, so it holds whether or not the service
 * can be reached, and on connections that are open. `overlayTokenState` fills it.
 */
export function revocationFilter(context: ChainContext): ChainPart {
  const { name } = context.chain.spec;
  const isNeeded = jwtProviderNames(context).some(
    provider => context.providers.get(provider)?.spec.jwks.source.case === 'tokenService',
  );
  if (!isNeeded) return NO_PART;
  const filter = httpFilter(`${name}${REVOKED}`, 'rbac.v3.RBAC', {
    rules: { action: 'DENY' },
    rules_stat_prefix: `${name}_revoked_`,
  });
  return { filters: [filter], diagnostics: [] };
}

/** envoy.config.rbac.v3.RBAC for what is revoked of tokens of these issuers. */
export function revocationRules(
  { entries, issuedBefore }: EdgeRevocations,
  issuers: readonly string[],
): JsonObject {
  const revoked = [...revokedBy(entries), ...(issuedBefore === undefined ? [] : [olderThan(issuedBefore)])];
  if (revoked.length === 0 || issuers.length === 0) return { action: 'DENY' };
  const own = anyPrincipal([...new Set(issuers)].map(issuer => claimIs('iss', issuer)));
  const principals = [allPrincipals([own, anyPrincipal(revoked)])];
  return { action: 'DENY', policies: { revoked: { permissions: [{ any: true }], principals } } };
}

/** Ids of tokens in one comparison, which is the cheapest; subjects and clients each with their time. */
function revokedBy(entries: readonly EdgeRevocation[]): readonly Principal[] {
  const ids = entries.filter(({ claim: name }) => name === 'jti').map(({ value }) => value);
  const [id] = ids;
  const others = entries.filter(({ claim: name }) => name !== 'jti');
  return [
    ...(id === undefined ? [] : [claim(['jti'], ids.length === 1 ? text(id) : anyText(ids))]),
    ...others.map(({ claim: name, value, issuedBefore }) =>
      allPrincipals([claimIs(name, value), olderThan(issuedBefore)]),
    ),
  ];
}

function text(value: string): JsonObject {
  return { string_match: { exact: value } };
}

/** Envoy refuses an alternative of one. */
function anyText(values: readonly string[]): JsonObject {
  return { or_match: { value_matchers: values.map(text) } };
}

function claimIs(name: string, value: string): Principal {
  return claim([name], text(value));
}

/** A token that does not say when it was issued counts as older. */
function olderThan(seconds: number): Principal {
  return { not_id: claim(['iat'], { double_match: { range: { start: seconds, end: NEVER } } }) };
}
