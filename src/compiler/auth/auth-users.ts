import type { Diagnostic } from '../../resources/diagnostic.ts';
import { ROUTE, SCOPED_ROUTE, VIRTUAL_HOST } from '../../resources/type-url.ts';
import type { CheckedResource } from '../checked-file.ts';
import { connectionManagersOf, type LocatedConnectionManager } from '../checks/route-tables.ts';
import type { AuthChainFact, FilterFact } from '../facts.ts';
import { describeOrigin, diagnosticAt, resourcesOfType, type ResourceGroup } from '../resource-group.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import { RESERVED_PREFIX, RESERVED_WORD } from './auth-names.ts';
import type { AuthChainSpec } from './auth-spec.ts';

/** A connection manager with an AuthChain filter. */
export interface AuthManager extends LocatedConnectionManager {
  readonly filter: FilterFact;
  readonly auth: AuthChainFact;
}

/** Which connection managers and route configurations of a group carry auth. */
export interface AuthUsers {
  readonly managers: readonly AuthManager[];
  /** What applies to routes of a route configuration that name no chain, by the name of the configuration. */
  readonly defaults: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Finds who carries auth, and route configurations that would be protected by chance only (AP1917). */
export function findAuthUsers(group: ResourceGroup): AuthUsers {
  const all = connectionManagersOf(group);
  const managers = all.flatMap(located => authManager(located) ?? []);
  const plain = all.filter(located => authManager(located) === undefined);
  const defaults = new Map<string, string>();
  const owners = new Map<string, AuthManager>();
  const diagnostics: Diagnostic[] = [];
  for (const manager of managers) {
    for (const name of tableNames(group, manager)) {
      const owner = owners.get(name);
      owners.set(name, owner ?? manager);
      if (owner === undefined) defaults.set(name, manager.auth.chain);
      else if (owner.auth.chain !== manager.auth.chain) {
        const other = `"${owner.auth.chain}" (${describeOrigin(owner.listener.resource.origin)})`;
        const message = `route configuration "${name}" follows chain "${manager.auth.chain}" here and ${other} elsewhere`;
        diagnostics.push(
          diagnosticAt(manager.listener.resource.origin, manager.filter, { code: 'AP1917', message }),
        );
      }
    }
  }
  for (const located of plain) {
    for (const name of tableNames(group, located)) {
      const owner = owners.get(name);
      if (owner === undefined) continue;
      const protectedBy = describeOrigin(owner.listener.resource.origin);
      const message = `route configuration "${name}" is protected in ${protectedBy}, but not through this listener`;
      diagnostics.push(
        diagnosticAt(located.listener.resource.origin, located.manager, { code: 'AP1917', message }),
      );
    }
  }
  return { managers, defaults, diagnostics };
}

function authManager(located: LocatedConnectionManager): AuthManager | undefined {
  for (const filter of located.manager.filters) {
    if (filter.authChain !== undefined) return { ...located, filter, auth: filter.authChain };
  }
  return undefined;
}

/** The names of the route configurations that a connection manager takes by RDS. */
export function tableNames(group: ResourceGroup, { manager }: LocatedConnectionManager): readonly string[] {
  const { routes } = manager;
  if (routes.kind === 'rds') return [routes.name];
  if (routes.kind === 'inline') return routes.table.routeNames;
  if (routes.kind !== 'scoped') return [];
  const scopes = resourcesOfType(group, SCOPED_ROUTE).values();
  return [...scopes].flatMap(({ facts }) => facts.routeTable?.routeNames ?? []);
}

/** Route configurations and virtual hosts (VHDS) that carry auth, with the chain of routes that name none. */
export function authTables(
  group: ResourceGroup,
  defaults: ReadonlyMap<string, string>,
): readonly { readonly table: CheckedResource; readonly fallback: string | undefined }[] {
  const tables = [
    ...resourcesOfType(group, ROUTE).values(),
    ...resourcesOfType(group, VIRTUAL_HOST).values(),
  ];
  return tables.flatMap(table => {
    const { name, typeUrl } = table.resource;
    const owner = typeUrl === VIRTUAL_HOST ? name.slice(0, name.lastIndexOf('/')) : name;
    const fallback = defaults.get(owner);
    const selects = table.facts.routeTable?.perFilter.some(
      ({ authSelection }) => authSelection !== undefined,
    );
    return fallback === undefined && selects !== true ? [] : [{ table, fallback }];
  });
}

/** AP1919: resources, filters and chains of operators under names that authplane generates, or that would be taken for parts of a chain. */
export function reservedNames(
  group: ResourceGroup,
  chains: ReadonlyMap<string, DeclaredEntry<AuthChainSpec>>,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [name, { origin }] of chains) {
    if (!name.startsWith(RESERVED_WORD)) continue;
    const message = `chain names that start with "${RESERVED_WORD}" are kept for authplane`;
    diagnostics.push(diagnosticAt(origin, undefined, { code: 'AP1919', message }));
  }
  for (const { resource, facts } of group.resources) {
    if (resource.name.startsWith(RESERVED_PREFIX)) {
      const message = `names that start with "${RESERVED_PREFIX}" are kept for authplane`;
      diagnostics.push(diagnosticAt(resource.origin, undefined, { code: 'AP1919', message }));
    }
    const filters = (facts.connectionManagers ?? []).flatMap(manager => manager.filters);
    const entries = (facts.routeTable?.perFilter ?? []).map(entry => ({ ...entry, name: entry.filter }));
    const inline = (facts.connectionManagers ?? []).flatMap(({ routes }) =>
      routes.kind === 'inline' ? routes.table.perFilter.map(entry => ({ ...entry, name: entry.filter })) : [],
    );
    for (const place of [...filters, ...entries, ...inline]) {
      const prefix = place.name.slice(0, Math.max(0, place.name.indexOf('/')));
      if (!prefix.startsWith(RESERVED_WORD) && !chains.has(prefix)) continue;
      const message = `filter "${place.name}": names that start with "${prefix}/" are kept for authplane`;
      diagnostics.push(diagnosticAt(resource.origin, place, { code: 'AP1919', message }));
    }
  }
  return diagnostics;
}
