import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { ResourceSet } from '../../resources/resource-set.ts';
import type { Reference } from '../../resources/reference.ts';
import type { Resource } from '../../resources/resource.ts';
import { makeSnapshot, resourcesOf, type Snapshot } from '../../resources/snapshot.ts';
import { EXTENSION_CONFIG, LISTENER, ROUTE, VIRTUAL_HOST, type TypeUrl } from '../../resources/type-url.ts';
import { resourceJson, withContent } from '../resource-json.ts';
import type { Schema } from '../schema/registry.ts';
import { PUBLIC_SLOT, RESERVED_PREFIX } from './auth-names.ts';
import { typed } from './nested-filter.ts';

/** What a slot holds. */
interface SlotContent {
  readonly filters: readonly JsonObject[];
  readonly references: readonly Reference[];
}

/**
 * The snapshot for an Envoy below 1.39, which has no filter_chain: the filters of all chains stand in the connection manager itself,
 * off unless a route switches them on; the guard is the same. So every edit of a chain changes the listener and drains its
 * connections. The same object for a snapshot without auth chains.
 */
export function inlineSnapshot(schema: Schema, snapshot: Snapshot): Snapshot {
  const extensions = resourcesOf(snapshot, EXTENSION_CONFIG);
  if (snapshot.auth === undefined || !extensions.byName.has(PUBLIC_SLOT)) return snapshot;
  const slots = new Map<string, SlotContent>();
  const others: Resource[] = [];
  for (const resource of extensions.byName.values()) {
    if (resource.name.startsWith(RESERVED_PREFIX)) slots.set(resource.name, slotContent(schema, resource));
    else others.push(resource);
  }
  const resources = new Map<TypeUrl, ResourceSet>(snapshot.resources);
  resources.set(EXTENSION_CONFIG, ResourceSet.of(others));
  const change = (typeUrl: TypeUrl, make: (resource: Resource) => Resource): void => {
    const set = resources.get(typeUrl);
    if (set !== undefined) resources.set(typeUrl, ResourceSet.of([...set.byName.values()].map(make)));
  };
  change(LISTENER, listener => inlineListener(schema, listener, slots));
  for (const typeUrl of [ROUTE, VIRTUAL_HOST]) change(typeUrl, table => inlineTable(schema, table, slots));
  return makeSnapshot(snapshot.files, resources, { ...snapshot, auth: undefined });
}

function slotContent(schema: Schema, resource: Resource): SlotContent {
  const config = resourceJson(schema, resource)['typed_config'] as JsonObject;
  const chain = config['default_filter_chain'] as JsonObject;
  const filters = (chain['filters'] ?? []) as JsonObject[];
  // What denies in an empty slot has no use here: without a mark the guard denies.
  const used = filters.filter(({ name }) => typeof name === 'string' && !name.startsWith(RESERVED_PREFIX));
  return { filters: used, references: resource.references };
}

function inlineListener(
  schema: Schema,
  listener: Resource,
  slots: ReadonlyMap<string, SlotContent>,
): Resource {
  if (!listener.references.some(isSlot)) return listener;
  const inside = [...slots.values()].flatMap(({ references }) => references);
  const references = [...listener.references.filter(reference => !isSlot(reference)), ...inside];
  const json = replaceSlots(resourceJson(schema, listener), slots) as JsonObject;
  return withContent(schema, listener, json, references);
}

function isSlot({ kind, name }: Reference): boolean {
  return kind === 'extension' && name.startsWith(RESERVED_PREFIX);
}

function replaceSlots(value: JsonValue, slots: ReadonlyMap<string, SlotContent>): JsonValue {
  if (Array.isArray(value)) {
    return value.flatMap(item => {
      const content =
        isObject(item) && 'config_discovery' in item ? slots.get(textOf(item['name'])) : undefined;
      return content === undefined
        ? [replaceSlots(item, slots)]
        : content.filters.map(filter => ({ ...filter, disabled: true }));
    });
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaceSlots(item, slots)]));
}

/** Every route that switched a slot on switches its filters on instead. */
function inlineTable(schema: Schema, table: Resource, slots: ReadonlyMap<string, SlotContent>): Resource {
  const json = resourceJson(schema, table);
  const hosts = table.typeUrl === VIRTUAL_HOST ? [json] : ((json['virtual_hosts'] ?? []) as JsonObject[]);
  const inlined = hosts.map(host => ({
    ...host,
    routes: ((host['routes'] ?? []) as JsonObject[]).map(route => inlineRoute(route, slots)),
  }));
  const [host = json] = inlined;
  return withContent(
    schema,
    table,
    table.typeUrl === VIRTUAL_HOST ? host : { ...json, virtual_hosts: inlined },
  );
}

function inlineRoute(route: JsonObject, slots: ReadonlyMap<string, SlotContent>): JsonObject {
  const entries = (route['typed_per_filter_config'] ?? {}) as Readonly<Record<string, JsonObject>>;
  const perFilter: Record<string, JsonObject> = {};
  for (const [name, config] of Object.entries(entries)) if (!slots.has(name)) perFilter[name] = config;
  for (const [slot, { filters }] of slots) {
    if (!(slot in entries)) continue;
    for (const filter of filters) {
      const name = textOf(filter['name']);
      perFilter[name] = typed('envoy.config.route.v3.FilterConfig', { config: entries[name] ?? {} });
    }
  }
  return { ...route, typed_per_filter_config: perFilter };
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
