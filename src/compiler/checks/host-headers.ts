import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { FilterFact, RouteTargetFact } from '../facts.ts';
import { diagnosticAt, type GroupCheck } from '../resource-group.ts';
import { connectionManagersOf, filtersByName, routeTablesOf } from './route-tables.ts';

/**
 * AP1606: a route to a cluster that picks its host by a request header (`host_id_format: %REQ(x-edge)%`), where neither the
 * route nor a header_mutation filter overwrites the header: the client would choose the host.
 */
export const checkHostHeaders: GroupCheck = group => {
  const headersOf = new Map(
    group.resources.flatMap(({ resource, facts }) =>
      facts.hostHeaders === undefined ? [] : [[resource.name, facts.hostHeaders] as const],
    ),
  );
  if (headersOf.size === 0) return [];
  const diagnostics: Diagnostic[] = [];
  const reported = new Set<RouteTargetFact>();
  for (const located of connectionManagersOf(group)) {
    const filters: readonly FilterFact[] = [...filtersByName(group, located.manager.filters).values()];
    const byFilters = new Set(filters.flatMap(filter => filter.overwrites));
    for (const { table, origin } of routeTablesOf(group, located)) {
      for (const target of table.targets) {
        const open = (headersOf.get(target.cluster) ?? []).filter(
          header => !byFilters.has(header) && !target.overwrites.includes(header),
        );
        if (open.length === 0 || reported.has(target)) continue;
        reported.add(target);
        const message = `cluster "${target.cluster}" picks its host by ${open.join(', ')}, which the client can set`;
        diagnostics.push(diagnosticAt(origin, target, { code: 'AP1606', message }));
      }
    }
  }
  return diagnostics;
};
