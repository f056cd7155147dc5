import type { JsonObject } from '@bufbuild/protobuf';
import { TYPE_URL_PREFIX } from '../../resources/type-url.ts';
import { METADATA_NAMESPACE, PUBLIC_SLOT } from './auth-names.ts';
import type { AuthSelection } from '../facts.ts';
import { typed } from './nested-filter.ts';

const PER_ROUTE = `${TYPE_URL_PREFIX}authplane.v1.AuthChainPerRoute`;

/** A route with what applies to it. */
export interface SelectedRoute {
  readonly virtualHost: string;
  /** Position of the virtual host in the route configuration. */
  readonly hostIndex: number;
  readonly domains: readonly string[];
  readonly index: number;
  readonly name: string;
  readonly match: JsonObject;
  /** Undefined: neither the route nor anything around it, nor a connection manager, says what applies. */
  readonly selection: AuthSelection | undefined;
  /** True when the route itself says so. */
  readonly isOwn: boolean;
}

/** What routes need to know of chains. */
export interface RouteChains {
  /** The slot of a chain. */
  readonly slotOf: (chain: string) => string | undefined;
  /** Configuration of nested filters that the routes of a chain carry. */
  readonly perRouteOf: (chain: string) => Readonly<Record<string, JsonObject>>;
}

/** All routes of a RouteConfiguration (proto3 JSON with proto field names). What is written nearest to a route counts. */
export function routesOf(table: JsonObject, fallback: AuthSelection | undefined): readonly SelectedRoute[] {
  const outer = selectionIn(table) ?? fallback;
  return virtualHostsIn(table).flatMap((host, hostIndex) => routesOfHost(host, outer, hostIndex));
}

/** All routes of a VirtualHost. */
export function routesOfHost(
  host: JsonObject,
  fallback: AuthSelection | undefined,
  hostIndex = 0,
): readonly SelectedRoute[] {
  const outer = selectionIn(host) ?? fallback;
  const virtualHost = textIn(host, 'name');
  const domains = (host['domains'] ?? []) as string[];
  return routesIn(host).map((route, index) => {
    const own = selectionIn(route);
    const match = (route['match'] ?? {}) as JsonObject;
    const name = textIn(route, 'name');
    return {
      virtualHost,
      hostIndex,
      domains,
      index,
      name,
      match,
      selection: own ?? outer,
      isOwn: own !== undefined,
    };
  });
}

/** The RouteConfiguration as proxies get it: every route switches its slot on and names its chain for the guard. */
export function expandRoutes(
  table: JsonObject,
  fallback: AuthSelection | undefined,
  chains: RouteChains,
): JsonObject {
  const outer = selectionIn(table) ?? fallback;
  return {
    ...withoutSelection(table),
    virtual_hosts: virtualHostsIn(table).map(host => expandHost(host, outer, chains)),
  };
}

/** The same for a VirtualHost. */
export function expandHost(
  host: JsonObject,
  fallback: AuthSelection | undefined,
  chains: RouteChains,
): JsonObject {
  const outer = selectionIn(host) ?? fallback;
  return {
    ...withoutSelection(host),
    routes: routesIn(host).map(route => expandRoute(route, selectionIn(route) ?? outer, chains)),
  };
}

function expandRoute(
  route: JsonObject,
  selection: AuthSelection | undefined,
  chains: RouteChains,
): JsonObject {
  const bare = withoutSelection(route);
  if (selection === undefined) return bare;
  const isPublic = selection.kind === 'public';
  const slot = isPublic ? PUBLIC_SLOT : chains.slotOf(selection.chain);
  // A chain without a slot does not exist; the guard denies.
  if (slot === undefined) return bare;
  const mark = isPublic ? { public: true } : { chain: selection.chain };
  const metadata = (route['metadata'] ?? {}) as JsonObject;
  const filterMetadata = (metadata['filter_metadata'] ?? {}) as JsonObject;
  return {
    ...bare,
    metadata: { ...metadata, filter_metadata: { ...filterMetadata, [METADATA_NAMESPACE]: mark } },
    typed_per_filter_config: {
      ...perFilterIn(bare),
      ...(isPublic ? {} : chains.perRouteOf(selection.chain)),
      [slot]: typed('envoy.config.route.v3.FilterConfig', { config: {} }),
    },
  };
}

function selectionIn(holder: JsonObject): AuthSelection | undefined {
  for (const entry of Object.values(perFilterIn(holder))) {
    if (entry['@type'] !== PER_ROUTE) continue;
    const open = entry['public'] as JsonObject | undefined;
    return open === undefined
      ? { kind: 'chain', chain: textIn(entry, 'chain') }
      : { kind: 'public', reason: textIn(open, 'reason') };
  }
  return undefined;
}

function withoutSelection(holder: JsonObject): JsonObject {
  const entries = Object.entries(perFilterIn(holder));
  if (!entries.some(([, entry]) => entry['@type'] === PER_ROUTE)) return holder;
  const others = entries.filter(([, entry]) => entry['@type'] !== PER_ROUTE);
  return { ...holder, typed_per_filter_config: Object.fromEntries(others) };
}

function perFilterIn(holder: JsonObject): Readonly<Record<string, JsonObject>> {
  return (holder['typed_per_filter_config'] ?? {}) as Readonly<Record<string, JsonObject>>;
}

function virtualHostsIn(table: JsonObject): readonly JsonObject[] {
  return (table['virtual_hosts'] ?? []) as JsonObject[];
}

function routesIn(host: JsonObject): readonly JsonObject[] {
  return (host['routes'] ?? []) as JsonObject[];
}

function textIn(holder: JsonObject, field: string): string {
  const value = holder[field];
  return typeof value === 'string' ? value : '';
}
