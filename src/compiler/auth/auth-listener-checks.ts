import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { FilterFact } from '../facts.ts';
import { diagnosticAt, resourcesOfType, type ResourceGroup } from '../resource-group.ts';
import { EXTENSION_CONFIG, ROUTE } from '../../resources/type-url.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import type { AuthChainSpec } from './auth-spec.ts';
import { tableNames, type AuthManager } from './auth-users.ts';

const HTTP = 'envoy.extensions.filters.http.';

/** Filters that neither change the route of a request nor let it around the router; all others must stand before the chain. */
const HARMLESS: ReadonlySet<string> = new Set(
  `router.v3.Router buffer.v3.Buffer body_size_limit.v3.BodySizeLimit compressor.v3.Compressor decompressor.v3.Decompressor
  cors.v3.Cors csrf.v3.CsrfPolicy fault.v3.HTTPFault grpc_stats.v3.FilterConfig grpc_web.v3.GrpcWeb
  local_ratelimit.v3.LocalRateLimit ratelimit.v3.RateLimit rate_limit_quota.v3.RateLimitQuotaFilterConfig
  bandwidth_limit.v3.BandwidthLimit adaptive_concurrency.v3.AdaptiveConcurrency
  admission_control.v3.AdmissionControl stateful_session.v3.StatefulSession credential_injector.v3.CredentialInjector
  cdn_loop.v3.CdnLoopConfig rbac.v3.RBAC tap.v3.Tap`
    .split(/\s+/)
    .map(name => HTTP + name),
);

/** AP1915: filters after the chain that may send an authorized request somewhere else. */
export function filtersAfterChain(
  group: ResourceGroup,
  managers: readonly AuthManager[],
): readonly Diagnostic[] {
  return managers.flatMap(({ manager, listener, filter }) =>
    manager.filters.slice(manager.filters.indexOf(filter) + 1).flatMap(after => {
      const typeName = after.typeName ?? extensionType(group, after);
      if (typeName !== undefined && HARMLESS.has(typeName)) return [];
      const what = typeName === undefined ? '' : ` (${typeName})`;
      const message = `filter "${after.name}"${what} stands after the auth chain and may change the route`;
      return [diagnosticAt(listener.resource.origin, after, { code: 'AP1915', message })];
    }),
  );
}

/** AP1921 (a warning: it denies): chains for client certificates behind listeners that verify none. */
export function unverifiedCertificates(
  group: ResourceGroup,
  managers: readonly AuthManager[],
  chains: ReadonlyMap<string, DeclaredEntry<AuthChainSpec>>,
): readonly Diagnostic[] {
  return managers.flatMap(located => {
    const { listener, filter } = located;
    if (listener.facts.verifiesClients === true) return [];
    return chainsBehind(group, located).flatMap(name => {
      const kinds = chains.get(name)?.spec.authenticate.map(({ kind }) => kind.case) ?? [];
      if (!kinds.includes('clientCertificate')) return [];
      const message = `chain "${name}" takes client certificates, and this listener verifies none`;
      const problem = { code: 'AP1921', severity: 'warning', message } as const;
      return [diagnosticAt(listener.resource.origin, filter, problem)];
    });
  });
}

/** Names of the chains that requests through a connection manager may meet. */
function chainsBehind(group: ResourceGroup, located: AuthManager): readonly string[] {
  const { routes } = located.manager;
  const routeTables = [
    ...(routes.kind === 'inline' ? [routes.table] : []),
    ...tableNames(group, located).map(name => resourcesOfType(group, ROUTE).get(name)?.facts.routeTable),
  ];
  const selected = routeTables
    .flatMap(table => table?.perFilter ?? [])
    .flatMap(({ authSelection }) => (authSelection?.kind === 'chain' ? [authSelection.chain] : []));
  return [...new Set([located.auth.chain, ...selected])];
}

/** What a filter that comes by ECDS is. */
function extensionType(group: ResourceGroup, filter: FilterFact): string | undefined {
  return resourcesOfType(group, EXTENSION_CONFIG).get(filter.name)?.facts.extension?.typeName;
}
