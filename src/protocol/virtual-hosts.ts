import type { Resource } from '../resources/resource.ts';
import type { ResourceSet } from '../resources/resource-set.ts';
import { resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import { LISTENER, ROUTE, SCOPED_ROUTE, VIRTUAL_HOST } from '../resources/type-url.ts';
import { type StreamState, withSubscription } from './stream-state.ts';

/*
 * A listener warms until VHDS has said something about each of its route configurations with `vhds`, if only that a name
 * does not exist; an empty response says nothing about any of them and costs the initial fetch timeout of 15 s. Envoy
 * sends one wildcard request on a stream, for all of them, and forgets a virtual host that comes before its route
 * configuration. Measured with Envoy 1.40.
 */

/** A name for each route configuration of the snapshot that takes virtual hosts by VHDS and has none in `target`. */
export function namesOfEmptyTables(snapshot: Snapshot | undefined, target: ResourceSet): readonly string[] {
  if (snapshot === undefined) return [];
  const filled = new Set([...target.byName.keys()].map(tableOf));
  return [LISTENER, SCOPED_ROUTE, ROUTE]
    .flatMap(typeUrl => [...resourcesOf(snapshot, typeUrl).byName.values()])
    .flatMap(tablesOf)
    .filter(table => !filled.has(table))
    .map(absentHost);
}

/** Asks that virtual hosts be said again after route configurations that take them by VHDS have been sent. */
export function warmVirtualHosts(state: StreamState, sent: readonly Resource[]): StreamState {
  const hosts = state.subscriptions.get(VIRTUAL_HOST);
  if (hosts === undefined || hosts.wildcard === 'none' || state.snapshot === undefined) return state;
  const tables = new Set(sent.flatMap(tablesOf));
  if (tables.size === 0) return state;
  const available = resourcesOf(state.snapshot, VIRTUAL_HOST);
  const names = new Set(hosts.unanswered);
  for (const name of hosts.sent.byName.keys()) if (tables.has(tableOf(name))) names.add(name);
  const filled = new Set([...available.byName.keys()].map(tableOf));
  for (const table of tables) if (!filled.has(table)) names.add(absentHost(table));
  return withSubscription(state, { ...hosts, unanswered: names });
}

function tablesOf(resource: Resource): readonly string[] {
  return resource.references
    .filter(reference => reference.kind === 'virtualHosts')
    .map(reference => reference.name);
}

/** Virtual hosts are named `<route configuration>/<name>`. */
function tableOf(virtualHost: string): string {
  return virtualHost.slice(0, Math.max(0, virtualHost.lastIndexOf('/')));
}

/** The host that only a virtual host for every domain could have. */
function absentHost(table: string): string {
  return `${table}/*`;
}
