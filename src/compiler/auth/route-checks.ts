import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { CheckedResource } from '../checked-file.ts';
import type { PerFilterFact } from '../facts.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { AuthUsers } from './auth-users.ts';
import type { SelectedRoute } from './expand-routes.ts';

/** What is wrong with the routes of one route configuration or virtual host: AP1916 and AP1918. */
export function tableProblems(
  table: CheckedResource,
  routes: readonly SelectedRoute[],
  users: AuthUsers,
): readonly Diagnostic[] {
  return [...widePublicRoutes(table, routes), ...strangeEntries(table, users)];
}

/** A public route whose prefix ends inside a name also opens longer names. */
function widePublicRoutes(table: CheckedResource, routes: readonly SelectedRoute[]): readonly Diagnostic[] {
  const entries = table.facts.routeTable?.perFilter ?? [];
  return routes.flatMap(route => {
    const prefix = route.match['prefix'];
    if (route.selection?.kind !== 'public' || typeof prefix !== 'string' || prefix.endsWith('/')) return [];
    const entry = entries.find(candidate => isEntryOf(candidate, route)) ?? entries.find(isPublic);
    const message = `public route with prefix "${prefix}" of virtual host "${route.virtualHost}" also opens "${prefix}-anything"`;
    return [diagnosticAt(table.resource.origin, entry, { code: 'AP1916', message })];
  });
}

function isPublic(entry: PerFilterFact): boolean {
  return entry.authSelection?.kind === 'public';
}

/** True for the entry in which the route itself selects: its path ends in `routes[index].typed_per_filter_config…`. */
export function isEntryOf(entry: PerFilterFact, route: SelectedRoute): boolean {
  const at = entry.path.lastIndexOf('routes');
  const isAtRoute =
    at >= 0 && entry.path[at + 1] === route.index && entry.path[at + 2] === 'typed_per_filter_config';
  return isAtRoute && route.isOwn && entry.authSelection !== undefined && isInHost(entry, at, route);
}

/** Of a RouteConfiguration the path also says which virtual host; a resource by VHDS has one only. */
function isInHost(entry: PerFilterFact, at: number, route: SelectedRoute): boolean {
  return entry.path[at - 2] !== 'virtual_hosts' || entry.path[at - 1] === route.hostIndex;
}

/** Entries for the AuthChain filter that are something else. */
function strangeEntries(table: CheckedResource, users: AuthUsers): readonly Diagnostic[] {
  const filterNames = new Set(users.managers.map(({ filter }) => filter.name));
  return (table.facts.routeTable?.perFilter ?? []).flatMap(entry => {
    if (entry.authSelection === undefined && filterNames.has(entry.filter)) {
      const message = `only AuthChainPerRoute configures the AuthChain filter "${entry.filter}"`;
      return [diagnosticAt(table.resource.origin, entry, { code: 'AP1918', message })];
    }
    return [];
  });
}
