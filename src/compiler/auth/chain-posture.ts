import type { AuthenticatorPosture, AuthorizerPosture, ChainPosture } from '../../resources/snapshot-auth.ts';
import type { AuthEntry } from './auth-entry.ts';
import { durationMs, type AuthenticatorSpec, type PolicySpec } from './auth-spec.ts';
import type { ChainContext } from './chain-context.ts';

/** What a chain demands, in a form that can be compared with another. */
export function chainPosture(
  context: ChainContext,
  policies: readonly AuthEntry<PolicySpec>[],
): ChainPosture {
  const { authenticate, authorize } = context.chain.spec;
  return {
    authenticators: authenticate.flatMap(({ kind }) => authenticatorPosture(context, kind) ?? []),
    authorizers: [
      ...policyPostures(policies),
      ...(authorize?.external === undefined
        ? []
        : [{ kind: `external ${authorize.external.cluster}`, accepts: [] }]),
    ],
  };
}

function authenticatorPosture(
  context: ChainContext,
  kind: AuthenticatorSpec,
): AuthenticatorPosture | undefined {
  switch (kind.case) {
    case 'jwt':
      return { ...tokenPosture(context, kind.value.provider, 'jwt'), ...withScopes(context, kind.value) };
    case 'oauth2':
      return tokenPosture(context, kind.value.provider, 'oauth2');
    case 'apiKey':
      return { kind: 'api-key', accepts: [], demands: [] };
    case 'basic':
      return { kind: 'basic', accepts: [], demands: [] };
    case 'clientCertificate': {
      const { spiffe, dns } = kind.value;
      const names = [...spiffe, ...dns.map(name => `dns:${name}`)];
      return { kind: 'client-certificate', accepts: names, demands: [] };
    }
    case undefined:
      return undefined;
  }
}

function tokenPosture(context: ChainContext, name: string, kind: 'jwt' | 'oauth2'): AuthenticatorPosture {
  const provider = context.providers.get(name)?.spec;
  if (provider === undefined) return { kind: `${kind} ${name}`, accepts: [], demands: [] };
  const expires = provider.requireExpiration ?? true;
  const lifetime = `lifetime ${durationMs(provider.maxLifetime, 900_000) / 1000} s`;
  return {
    kind: `${kind} ${name}`,
    accepts: [
      `issuer ${provider.issuer}`,
      ...provider.audiences.map(audience => `audience ${audience}`),
      lifetime,
    ],
    demands: expires ? ['expiry'] : [],
  };
}

function withScopes(
  context: ChainContext,
  { provider, scopes }: { readonly provider: string; readonly scopes: readonly string[] },
): Pick<AuthenticatorPosture, 'demands'> {
  const { demands } = tokenPosture(context, provider, 'jwt');
  return { demands: [...demands, ...scopes.map(scope => `scope ${scope}`)] };
}

/** Policies that allow are one decision, of which any may say yes; each one that denies is a decision of its own. */
function policyPostures(policies: readonly AuthEntry<PolicySpec>[]): readonly AuthorizerPosture[] {
  const enforced = policies.filter(({ spec }) => spec.mode === 0);
  const allowed = enforced.filter(({ spec }) => spec.effect === 1).map(({ spec }) => spec.name);
  const denied = enforced.filter(({ spec }) => spec.effect === 2);
  return [
    ...(allowed.length === 0 ? [] : [{ kind: 'allow policies', accepts: allowed }]),
    ...denied.map(({ spec }) => ({ kind: `deny policy ${spec.name}`, accepts: [] })),
  ];
}
