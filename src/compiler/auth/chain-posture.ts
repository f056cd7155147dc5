import type { AuthenticatorPosture, AuthorizerPosture, ChainPosture } from '../../resources/snapshot-auth.ts';
import { contentVersion } from '../../resources/version.ts';
import { fingerprint } from '../checks/message-fields.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import { durationMs, type AuthenticatorSpec, type JwksSpec, type PolicySpec } from './auth-spec.ts';
import type { ChainContext } from './chain-context.ts';
import { DEFAULT_LIFETIME_MS } from './jwt-provider.ts';

/** What a chain demands, in a form that can be compared with another. */
export function chainPosture(
  context: ChainContext,
  policies: readonly DeclaredEntry<PolicySpec>[],
): ChainPosture {
  const { authenticate, authorize } = context.chain.spec;
  const external = authorize?.external;
  return {
    authenticators: authenticate.flatMap(({ kind }) => authenticatorPosture(context, kind) ?? []),
    authorizers: [
      ...policyPostures(policies.map(({ spec }) => spec)),
      ...(external === undefined ? [] : [{ kind: `external ${external.cluster}`, policies: [] }]),
    ],
  };
}

function authenticatorPosture(
  context: ChainContext,
  kind: AuthenticatorSpec,
): AuthenticatorPosture | undefined {
  switch (kind.case) {
    case 'jwt':
      return tokenPosture(context, 'jwt', kind.value.provider, kind.value.scopes);
    case 'oauth2':
      return tokenPosture(context, 'oauth2', kind.value.provider, []);
    case 'exchange':
      return tokenPosture(context, 'exchange', kind.value.provider, []);
    case 'apiKey':
      return { kind: 'api-key', accepts: [], demands: [] };
    case 'basic':
      return { kind: 'basic', accepts: [], demands: [] };
    case 'clientCertificate': {
      const { spiffe, dns } = kind.value;
      return {
        kind: 'client-certificate',
        accepts: [...spiffe, ...dns.map(name => `dns:${name}`)],
        demands: [],
      };
    }
    case undefined:
      return undefined;
  }
}

function tokenPosture(
  context: ChainContext,
  kind: 'jwt' | 'oauth2' | 'exchange',
  name: string,
  scopes: readonly string[],
): AuthenticatorPosture {
  const provider = context.providers.get(name)?.spec;
  if (provider === undefined) return { kind, accepts: [], demands: [] };
  const { issuer, audiences, requireExpiration, maxLifetime, jwks } = provider;
  return {
    kind,
    accepts: audiences.map(audience => `audience ${audience}`),
    demands: [
      `issuer ${issuer}`,
      keySource(jwks),
      ...(requireExpiration === false ? [] : ['expiry']),
      ...scopes.map(scope => `scope ${scope}`),
    ],
    maxLifetimeS: durationMs(maxLifetime, DEFAULT_LIFETIME_MS) / 1000,
  };
}

/** Keys from another place may be anybody's. */
function keySource({ source }: JwksSpec): string {
  if (source.case === 'tokenService') return 'keys of the token service';
  return source.case === undefined ? 'no keys' : `keys of ${source.value}`;
}

/** Policies that allow are one decision, of which any may say yes; each one that denies is a decision of its own. */
function policyPostures(policies: readonly PolicySpec[]): readonly AuthorizerPosture[] {
  const enforced = policies.filter(({ mode }) => mode === 0);
  const allowed = enforced.filter(({ effect }) => effect === 1);
  const denied = enforced.filter(({ effect }) => effect === 2);
  return [
    ...(allowed.length === 0 || allowed.some(isForEverybody)
      ? []
      : [{ kind: 'allow policies', policies: allowed.map(printed) }]),
    ...denied.map(policy => ({ kind: `deny policy ${policy.name}`, policies: [printed(policy)] })),
  ];
}

/** A policy that lets whoever is authenticated do everything is no decision. */
function isForEverybody({ principals, requests, when }: PolicySpec): boolean {
  const { jwt, spiffe, apiKeyClients, basicUsers, cidrs } = principals;
  const isNarrow =
    jwt !== undefined || [spiffe, apiKeyClients, basicUsers, cidrs].some(list => list.length > 0);
  return !isNarrow && requests === undefined && when === '';
}

/** The name with a fingerprint of what the policy says. */
function printed(policy: PolicySpec): string {
  return `${policy.name}#${contentVersion([fingerprint(policy)])}`;
}
