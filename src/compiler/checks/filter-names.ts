import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { FilterFact, PerFilterFact } from '../facts.ts';
import { describeOrigin, diagnosticAt, type GroupCheck } from '../resource-group.ts';
import { nearName } from '../schema/near-name.ts';
import {
  connectionManagersOf,
  filtersByName,
  routeTablesOf,
  type LocatedConnectionManager,
  type LocatedRouteTable,
} from './route-tables.ts';

/**
 * AP1601: `typed_per_filter_config` for a filter that a connection manager with these routes does not have; Envoy ignores it, and
 * the protection is missing. AP1308: a route that selects a JWT requirement which the filter does not have (403 for all).
 * Each entry is reported once, with the first connection manager that it does not fit.
 */
export const checkFilterNames: GroupCheck = group => {
  const diagnostics: Diagnostic[] = [];
  const reported = new Set<PerFilterFact>();
  const upstream = new Set(group.resources.flatMap(({ facts }) => facts.upstreamFilters ?? []));
  for (const located of connectionManagersOf(group)) {
    const tables = routeTablesOf(group, located);
    if (tables.every(({ table }) => table.perFilter.length === 0)) continue;
    const filters = filtersByName(group, located.manager.filters);
    for (const table of tables) {
      const own = new Set(table.table.perFilter.flatMap(entry => entry.nested.map(filter => filter.name)));
      for (const entry of table.table.perFilter) {
        const isKnown = filters.has(entry.filter) || upstream.has(entry.filter) || own.has(entry.filter);
        const diagnostic = isKnown
          ? unknownRequirement(entry, filters.get(entry.filter), table)
          : unknownFilter(entry, filters, table, located);
        if (diagnostic === undefined || reported.has(entry)) continue;
        reported.add(entry);
        diagnostics.push(diagnostic);
      }
    }
  }
  return diagnostics;
};

function unknownFilter(
  entry: PerFilterFact,
  filters: ReadonlyMap<string, FilterFact>,
  table: LocatedRouteTable,
  { listener }: LocatedConnectionManager,
): Diagnostic | undefined {
  if (entry.isOptional) return undefined;
  const near = nearName(entry.filter, filters.keys());
  const suggestion = near === undefined ? '' : `; did you mean "${near}"?`;
  const place = `listener "${listener.resource.name}" (${describeOrigin(listener.resource.origin)})`;
  const message = `${place}, which uses these routes, has no filter "${entry.filter}"${suggestion}`;
  return diagnosticAt(table.origin, entry, { code: 'AP1601', message });
}

function unknownRequirement(
  entry: PerFilterFact,
  filter: FilterFact | undefined,
  table: LocatedRouteTable,
): Diagnostic | undefined {
  const { requirementName } = entry;
  const known = filter?.requirementNames;
  if (requirementName === undefined || known === undefined || known.includes(requirementName))
    return undefined;
  const near = nearName(requirementName, known);
  const suggestion = near === undefined ? '' : `; did you mean "${near}"?`;
  const message = `filter "${entry.filter}" has no requirement "${requirementName}"${suggestion}`;
  return diagnosticAt(table.origin, entry, { code: 'AP1308', message });
}
