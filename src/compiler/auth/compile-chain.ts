import type { JsonObject } from '@bufbuild/protobuf';
import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';
import type { ChainPosture } from '../../resources/snapshot-auth.ts';
import { diagnosticAt } from '../resource-group.ts';
import { nearName } from '../schema/near-name.ts';
import { apiKeyFilter } from './api-key-filter.ts';
import { denyChain, filterChain } from './auth-names.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import type { PolicySpec } from './auth-spec.ts';
import { authenticatedFilter, isAuthenticationImplied } from './authenticated-filter.ts';
import { basicFilter } from './basic-filter.ts';
import type { ChainContext } from './chain-context.ts';
import { chainHeaderProblems } from './chain-headers.ts';
import { chainPosture } from './chain-posture.ts';
import { corsFilter } from './cors-filter.ts';
import { authenticatorsOf, identityHeaders } from './credentials.ts';
import { exchangeFilter } from './exchange-filter.ts';
import { externalFilter } from './external-filter.ts';
import { removeHeadersFilter, setHeadersFilter } from './header-filters.ts';
import { jwtFilter, jwtProviderNames } from './jwt-filter.ts';
import { markFilters } from './mark-filter.ts';
import { filterJson, NO_PART, type ChainPart, type NestedFilter } from './nested-filter.ts';
import { oauth2Filter } from './oauth2-filter.ts';
import { policyFilters, policyLimitProblem } from './policy-filters.ts';
import { policyFitProblems } from './policy-fit.ts';
import { rateLimitFilter } from './rate-limit-filter.ts';
import { revocationFilter } from './revocation-filter.ts';

/** A chain, compiled. With an error it denies: a chain is never absent. */
export interface CompiledChain {
  readonly name: string;
  /** Where the operator wrote it. */
  readonly origin: Origin;
  /** In the order in which they run; the last one is the mark. Empty for a chain that denies. */
  readonly filters: readonly NestedFilter[];
  /** Content of its slot: FilterChainConfig with its `@type`. */
  readonly config: JsonObject;
  /** Configuration that every route of the chain carries, by the name of the nested filter. */
  readonly perRoute: Readonly<Record<string, JsonObject>>;
  /** Filters that use secrets, for the holder listener. */
  readonly secretFilters: readonly NestedFilter[];
  readonly posture: ChainPosture;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles one chain. Order: headers that only the inside may set are removed, preflight, rate limit, authenticators, `revoked`, `authenticated`,
 * policies, external service, headers that are set, the mark. No filter of it changes the route.
 */
export function compileChain(context: ChainContext): CompiledChain {
  const { chain, internalHeaders, providers } = context;
  const { name } = chain.spec;
  const policies = chainPolicies(context);
  const parts: readonly ChainPart[] = [
    corsFilter(context),
    rateLimitFilter(context),
    oauth2Filter(context),
    exchangeFilter(context),
    // Before the filter that takes the API key away: by it jwt_authn knows that no token is needed.
    jwtFilter(context),
    revocationFilter(context),
    apiKeyFilter(context),
    basicFilter(context),
    isAuthenticationImplied(
      chain.spec,
      policies.map(({ spec }) => spec),
    )
      ? NO_PART
      : authenticatedFilter(context),
    policies.length === 0
      ? NO_PART
      : policyFilters(name, policies, { headers: identityHeaders(chain.spec), providers }),
    externalFilter(context),
    setHeadersFilter(context),
  ];
  const diagnostics = [...chainProblems(context, policies), ...parts.flatMap(part => part.diagnostics)];
  const base = {
    name,
    origin: chain.origin,
    secretFilters: oauth2Filter(context).filters,
    posture: chainPosture(context, policies),
    diagnostics,
  };
  const mustDeny = diagnostics.some(({ severity }) => severity === 'error') || !hasAllKeys(context);
  if (mustDeny) return { ...base, filters: [], config: denyChain(), perRoute: {} };
  const filters = [
    ...(internalHeaders.length === 0 ? [] : [removeHeadersFilter(name, internalHeaders)]),
    ...parts.flatMap(part => part.filters),
    ...markFilters(name),
  ];
  const perRoute = Object.assign({}, ...parts.map(part => part.perRoute ?? {})) as Record<string, JsonObject>;
  return { ...base, filters, config: filterChain(filters.map(filterJson)), perRoute };
}

function hasAllKeys(context: ChainContext): boolean {
  return jwtProviderNames(context).every(name => context.providers.get(name)?.json !== undefined);
}

function chainPolicies({ chain, policies }: ChainContext): readonly DeclaredEntry<PolicySpec>[] {
  const names = [...new Set(chain.spec.authorize?.policies ?? [])];
  return names.flatMap(name => policies.get(name) ?? []);
}

function chainProblems(
  context: ChainContext,
  policies: readonly DeclaredEntry<PolicySpec>[],
): readonly Diagnostic[] {
  const { chain } = context;
  return [
    ...unknownNames(context),
    ...repeatedAuthenticators(context),
    ...emptyAuthenticators(context),
    ...policyProblems(context, policies),
    ...policyFitProblems(chain, policies),
    ...chainHeaderProblems(context),
  ];
}

function unknownNames({ chain, providers, policies }: ChainContext): readonly Diagnostic[] {
  const problems: Diagnostic[] = [];
  const check = (
    name: string,
    known: ReadonlyMap<string, unknown>,
    noun: string,
    path: readonly (string | number)[],
  ): void => {
    if (known.has(name)) return;
    const near = nearName(name, known.keys());
    const message = `unknown ${noun} "${name}"${near === undefined ? '' : `, did you mean "${near}"?`}`;
    problems.push(diagnosticAt(chain.at(path), undefined, { code: 'AP1901', message }));
  };
  chain.spec.authenticate.forEach(({ kind }, index) => {
    if (kind.case !== 'jwt' && kind.case !== 'oauth2' && kind.case !== 'exchange') return;
    check(kind.value.provider, providers, 'provider', ['authenticate', index, kind.case, 'provider']);
  });
  (chain.spec.authorize?.policies ?? []).forEach((name, index) => {
    check(name, policies, 'policy', ['authorize', 'policies', index]);
  });
  return problems;
}

/** One API key list, one htpasswd file, one login page and one exchange: a second one would refuse what the first one takes. */
function repeatedAuthenticators({ chain }: ChainContext): readonly Diagnostic[] {
  return (['apiKey', 'basic', 'oauth2', 'exchange'] as const).flatMap(kind =>
    authenticatorsOf(chain.spec, kind)
      .slice(1)
      .map(({ index }) => {
        const message = `chain "${chain.spec.name}" has two authenticators of this kind`;
        return diagnosticAt(chain.at(['authenticate', index]), undefined, { code: 'AP1928', message });
      }),
  );
}

function emptyAuthenticators({ chain }: ChainContext): readonly Diagnostic[] {
  return authenticatorsOf(chain.spec, 'clientCertificate')
    .filter(({ spec }) => spec.spiffe.length === 0 && spec.dns.length === 0)
    .map(({ index }) => {
      const message = `chain "${chain.spec.name}" does not say which client certificates are meant`;
      const place = chain.at(['authenticate', index, 'client_certificate']);
      return diagnosticAt(place, undefined, { code: 'AP1907', message });
    });
}

function policyProblems(
  { chain }: ChainContext,
  policies: readonly DeclaredEntry<PolicySpec>[],
): readonly Diagnostic[] {
  const { authorize, name } = chain.spec;
  if (authorize === undefined) return [];
  const place = chain.at(['authorize']);
  if (authorize.policies.length === 0) {
    if (authorize.external !== undefined) return [];
    const message = `chain "${name}" has an empty "authorize"`;
    return [diagnosticAt(place, undefined, { code: 'AP1907', message })];
  }
  const problems: Diagnostic[] = [];
  if (!policies.some(({ spec }) => spec.effect === 1 && spec.mode === 0)) {
    const message = `no enforced policy of chain "${name}" allows anything`;
    problems.push(diagnosticAt(place, undefined, { code: 'AP1908', message }));
  }
  const tooMany = policyLimitProblem(policies);
  if (tooMany !== undefined) {
    const message = `chain "${name}" has ${tooMany}`;
    problems.push(diagnosticAt(place, undefined, { code: 'AP1911', message }));
  }
  return problems;
}
