import type { Origin } from '../../resources/resource.ts';
import { EXTENSION_CONFIG, ROUTE, SCOPED_ROUTE, VIRTUAL_HOST } from '../../resources/type-url.ts';
import type { CheckedResource } from '../checked-file.ts';
import type { ConnectionManagerFact, FilterFact, RouteTableFact } from '../facts.ts';
import { resourcesOfType, type ResourceGroup } from '../resource-group.ts';

/** A route table with the resource that holds it. */
export interface LocatedRouteTable {
  readonly table: RouteTableFact;
  readonly origin: Origin;
}

/** A connection manager with its listener. */
export interface LocatedConnectionManager {
  readonly manager: ConnectionManagerFact;
  readonly listener: CheckedResource;
}

export function connectionManagersOf(group: ResourceGroup): readonly LocatedConnectionManager[] {
  const managers: LocatedConnectionManager[] = [];
  for (const listener of group.resources) {
    for (const manager of listener.facts.connectionManagers ?? []) managers.push({ manager, listener });
  }
  return managers;
}

/** All route tables that a connection manager uses: its own, by RDS with virtual hosts by VHDS, and by scopes. */
export function routeTablesOf(
  group: ResourceGroup,
  { manager, listener }: LocatedConnectionManager,
): readonly LocatedRouteTable[] {
  const { routes } = manager;
  switch (routes.kind) {
    case 'inline': {
      const own = { table: routes.table, origin: listener.resource.origin };
      return [own, ...routes.table.routeNames.flatMap(name => namedTables(group, name))];
    }
    case 'rds':
      return namedTables(group, routes.name);
    case 'scoped':
      return [...resourcesOfType(group, SCOPED_ROUTE).values()].flatMap(({ resource, facts }) => {
        const table = facts.routeTable;
        if (table === undefined) return [];
        const named = table.routeNames.flatMap(name => namedTables(group, name));
        return [{ table, origin: resource.origin }, ...named];
      });
    case 'other':
      return [];
  }
}

function namedTables(group: ResourceGroup, name: string): readonly LocatedRouteTable[] {
  const own = resourcesOfType(group, ROUTE).get(name);
  const hosts = [...resourcesOfType(group, VIRTUAL_HOST).values()].filter(({ resource }) =>
    resource.name.startsWith(`${name}/`),
  );
  return [...(own === undefined ? [] : [own]), ...hosts].flatMap(({ resource, facts }) =>
    facts.routeTable === undefined ? [] : [{ table: facts.routeTable, origin: resource.origin }],
  );
}

/**
 * All filters of a list by name, those inside filter chains and behind extension configurations too: per-route
 * configuration is looked up by these names. A filter by ECDS is given with the type and requirements of its resource.
 */
export function filtersByName(
  group: ResourceGroup,
  filters: readonly FilterFact[],
  found = new Map<string, FilterFact>(),
): Map<string, FilterFact> {
  for (const filter of filters) {
    const extension =
      filter.typeName === undefined
        ? resourcesOfType(group, EXTENSION_CONFIG).get(filter.name)?.facts.extension
        : undefined;
    found.set(filter.name, extension ?? filter);
    filtersByName(group, filter.nested, found);
    if (extension !== undefined) filtersByName(group, extension.nested, found);
  }
  return found;
}
