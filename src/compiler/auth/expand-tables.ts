import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';
import type { Posture, RoutePosture } from '../../resources/snapshot-auth.ts';
import { VIRTUAL_HOST } from '../../resources/type-url.ts';
import type { CheckedResource } from '../checked-file.ts';
import type { AuthSelection } from '../facts.ts';
import { diagnosticAt, type ResourceGroup } from '../resource-group.ts';
import { resourceJson, withContent } from '../resource-json.ts';
import { nearName } from '../schema/near-name.ts';
import type { Schema } from '../schema/registry.ts';
import { authTables, type AuthUsers } from './auth-users.ts';
import type { CompiledChain } from './compile-chain.ts';
import {
  expandHost,
  expandRoutes,
  routesOf,
  routesOfHost,
  type RouteChains,
  type SelectedRoute,
} from './expand-routes.ts';
import { isEntryOf, tableProblems } from './route-checks.ts';

/** What `expandTables` needs. */
export interface TablesInput {
  readonly group: ResourceGroup;
  readonly users: AuthUsers;
  readonly chains: ReadonlyMap<string, CompiledChain>;
  /** The slot of each chain. */
  readonly slots: ReadonlyMap<string, string>;
  readonly schema: Schema;
}

/** Route configurations and virtual hosts as proxies get them, and how their routes are protected. */
export interface ExpandedTables {
  /** By the resource that the operator wrote. */
  readonly resources: ReadonlyMap<CheckedResource, CheckedResource>;
  readonly routes: readonly RoutePosture[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Gives every route the slot of its chain. */
export function expandTables(input: TablesInput): ExpandedTables {
  const { group, users, chains, slots, schema } = input;
  const resources = new Map<CheckedResource, CheckedResource>();
  const routes: RoutePosture[] = [];
  const diagnostics: Diagnostic[] = [...unknownDefaults(users, chains)];
  const routeChains: RouteChains = {
    slotOf: chain => slots.get(chain),
    perRouteOf: chain => chains.get(chain)?.perRoute ?? {},
  };
  for (const { table, fallback: chain } of authTables(group, users.defaults)) {
    const { resource, facts } = table;
    const isHost = resource.typeUrl === VIRTUAL_HOST;
    const fallback: AuthSelection | undefined = chain === undefined ? undefined : { kind: 'chain', chain };
    const json = resourceJson(schema, resource);
    const selected = (isHost ? routesOfHost : routesOf)(json, fallback);
    diagnostics.push(...unknownSelections(table, chains), ...tableProblems(table, selected, users));
    const owner = isHost ? resource.name.slice(0, resource.name.lastIndexOf('/')) : resource.name;
    routes.push(...selected.map(route => posture(owner, route, chains, originOf(table, route))));
    const expanded = (isHost ? expandHost : expandRoutes)(json, fallback, routeChains);
    resources.set(table, { resource: withContent(schema, resource, expanded), facts });
  }
  return { resources, routes, diagnostics };
}

function posture(
  routeConfiguration: string,
  route: SelectedRoute,
  chains: ReadonlyMap<string, CompiledChain>,
  origin: Origin,
): RoutePosture {
  const { virtualHost, domains, index, name, match, selection } = route;
  const place = { routeConfiguration, virtualHost, domains, index, name, match, origin };
  return { ...place, posture: postureOf(selection, chains) };
}

/** Where the route says what applies, or where the whole table begins. */
function originOf({ resource, facts }: CheckedResource, route: SelectedRoute): Origin {
  const entry = facts.routeTable?.perFilter.find(candidate => isEntryOf(candidate, route));
  if (entry === undefined) return resource.origin;
  return { file: resource.origin.file, line: entry.line, column: entry.column, path: entry.path };
}

function postureOf(
  selection: AuthSelection | undefined,
  chains: ReadonlyMap<string, CompiledChain>,
): Posture {
  if (selection === undefined) return { kind: 'denied' };
  if (selection.kind === 'public') return selection;
  const chain = chains.get(selection.chain);
  return chain === undefined ? { kind: 'denied' } : { kind: 'chain', chain: chain.name, ...chain.posture };
}

function unknownDefaults(
  users: AuthUsers,
  chains: ReadonlyMap<string, CompiledChain>,
): readonly Diagnostic[] {
  return users.managers
    .filter(({ auth }) => !chains.has(auth.chain))
    .map(({ auth, filter, listener }) =>
      diagnosticAt(listener.resource.origin, filter, {
        code: 'AP1901',
        message: unknownChain(auth.chain, chains),
      }),
    );
}

function unknownSelections(
  { resource, facts }: CheckedResource,
  chains: ReadonlyMap<string, CompiledChain>,
): readonly Diagnostic[] {
  return (facts.routeTable?.perFilter ?? []).flatMap(entry => {
    const { authSelection } = entry;
    if (authSelection?.kind !== 'chain' || chains.has(authSelection.chain)) return [];
    const message = unknownChain(authSelection.chain, chains);
    return [diagnosticAt(resource.origin, entry, { code: 'AP1901', message })];
  });
}

function unknownChain(name: string, chains: ReadonlyMap<string, CompiledChain>): string {
  const near = nearName(name, chains.keys());
  return `unknown auth chain "${name}"${near === undefined ? '' : `, did you mean "${near}"?`}`;
}
