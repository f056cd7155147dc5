import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { TYPE_URL_PREFIX } from '../../resources/type-url.ts';
import { ADS_SOURCE, denyChain, PUBLIC_SLOT, slotName } from './auth-names.ts';
import { guardFilter } from './guard-filter.ts';
import { filterJson } from './nested-filter.ts';

const HCM = `${TYPE_URL_PREFIX}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const AUTH_CHAIN = `${TYPE_URL_PREFIX}authplane.v1.AuthChain`;
const FILTER_CHAIN = `${TYPE_URL_PREFIX}envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig`;

/** The names of all slots of a connection manager, in the order in which they stand there. */
export function slotNames(slotCount: number): readonly string[] {
  return [PUBLIC_SLOT, ...Array.from({ length: slotCount }, (_, index) => slotName(index))];
}

/**
 * A listener (proto3 JSON with proto field names) in which every AuthChain filter is replaced by the slots, and the guard stands before
 * the router; its connection manager is hardened. Depends on nothing but the listener and the number of slots, so a listener never changes
 * because of its chains.
 */
export function expandListener(listener: JsonObject, slotCount: number): JsonObject {
  return expand(listener, slotCount) as JsonObject;
}

function expand(value: JsonValue, slotCount: number): JsonValue {
  if (Array.isArray(value)) return value.map(item => expand(item, slotCount));
  if (!isObject(value)) return value;
  if (value['@type'] === HCM) return expandManager(value, slotCount);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, slotCount)]));
}

function expandManager(manager: JsonObject, slotCount: number): JsonObject {
  const filters = (manager['http_filters'] ?? []) as JsonObject[];
  const at = filters.findIndex(isAuthChain);
  const chain = filters[at];
  if (chain === undefined) return manager;
  const config = chain['typed_config'] as JsonObject;
  const guard = filterJson(guardFilter({ pathGuard: config['path_guard_off'] === undefined }));
  const after = filters.slice(at + 1);
  return {
    ...manager,
    ...hardening(manager),
    http_filters: [
      ...filters.slice(0, at),
      ...slotNames(slotCount).map(slot),
      ...after.slice(0, -1),
      guard,
      ...after.slice(-1),
    ],
  };
}

function isAuthChain(filter: JsonObject): boolean {
  const config = filter['typed_config'];
  return isObject(config) && config['@type'] === AUTH_CHAIN;
}

/** Off unless a route switches it on; denies until its content has come, at once and without warming. */
function slot(name: string): JsonObject {
  return {
    name,
    disabled: true,
    config_discovery: {
      config_source: ADS_SOURCE,
      type_urls: [FILTER_CHAIN],
      default_config: denyChain(),
      apply_default_config_without_warming: true,
    },
  };
}

/** Settings without which paths and headers get around policies. Stricter ones of the operator stay. */
function hardening(manager: JsonObject): JsonObject {
  const options = (manager['common_http_protocol_options'] ?? {}) as JsonObject;
  const underscores = options['headers_with_underscores_action'];
  const details = manager['forward_client_cert_details'];
  return {
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    forward_client_cert_details: details === 'SANITIZE_SET' ? details : 'SANITIZE',
    common_http_protocol_options: {
      ...options,
      headers_with_underscores_action: underscores === 'DROP_HEADER' ? underscores : 'REJECT_REQUEST',
    },
  };
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
