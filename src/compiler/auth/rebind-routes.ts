import type { JsonObject } from '@bufbuild/protobuf';
import type { Resource } from '../../resources/resource.ts';
import { VIRTUAL_HOST } from '../../resources/type-url.ts';
import { resourceJson, withContent } from '../resource-json.ts';
import type { Schema } from '../schema/registry.ts';

/**
 * A route configuration or virtual host whose routes name other slots: old name → new name. The same object when none of its routes names
 * a slot that moves.
 */
export function rebindRoutes(
  schema: Schema,
  resource: Resource,
  moves: ReadonlyMap<string, string>,
): Resource {
  const json = resourceJson(schema, resource);
  const isHost = resource.typeUrl === VIRTUAL_HOST;
  const hosts = isHost ? [json] : listIn(json, 'virtual_hosts');
  const isMoved = (route: JsonObject): boolean => entriesOf(route).some(([name]) => moves.has(name));
  if (!hosts.some(host => listIn(host, 'routes').some(isMoved))) return resource;
  const rebound = hosts.map(host => ({
    ...host,
    routes: listIn(host, 'routes').map(route => (isMoved(route) ? rebindRoute(route, moves) : route)),
  }));
  const [host = json] = rebound;
  return withContent(schema, resource, isHost ? host : { ...json, virtual_hosts: rebound });
}

function rebindRoute(route: JsonObject, moves: ReadonlyMap<string, string>): JsonObject {
  const renamed = entriesOf(route).map(([name, config]) => [moves.get(name) ?? name, config] as const);
  return { ...route, typed_per_filter_config: Object.fromEntries(renamed) };
}

function entriesOf(route: JsonObject) {
  return Object.entries((route['typed_per_filter_config'] ?? {}) as JsonObject);
}

function listIn(holder: JsonObject, field: string): readonly JsonObject[] {
  return (holder[field] ?? []) as JsonObject[];
}
