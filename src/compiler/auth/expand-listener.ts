import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { TYPE_URL_PREFIX } from '../../resources/type-url.ts';
import { ADS_SOURCE, denyChain, PUBLIC_SLOT, slotName } from './auth-names.ts';
import { guardFilter } from './guard-filter.ts';
import { filterJson } from './nested-filter.ts';

const HCM = `${TYPE_URL_PREFIX}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const AUTH_CHAIN = `${TYPE_URL_PREFIX}authplane.v1.AuthChain`;
const DOWNSTREAM_TLS = `${TYPE_URL_PREFIX}envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext`;
const VALIDATION_FIELDS: readonly string[] = [
  'validation_context',
  'validation_context_sds_secret_config',
  'combined_validation_context',
];
const TICKET_KEY_FIELDS: readonly string[] = ['session_ticket_keys', 'session_ticket_keys_sds_secret_config'];
const FILTER_CHAIN = `${TYPE_URL_PREFIX}envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig`;

/** The names of all slots of a connection manager, in the order in which they stand there. */
export function slotNames(slotCount: number): readonly string[] {
  return [PUBLIC_SLOT, ...Array.from({ length: slotCount }, (_, index) => slotName(index))];
}

/**
 * A listener (proto3 JSON with proto field names) in which every AuthChain filter is replaced by the slots, and the guard stands before
 * the router; its connection manager is hardened, and so is TLS that verifies clients. Depends on nothing but the listener and the number of slots, so a listener never changes
 * because of its chains.
 */
export function expandListener(listener: JsonObject, slotCount: number): JsonObject {
  return expand(listener, slotCount) as JsonObject;
}

function expand(value: JsonValue, slotCount: number): JsonValue {
  if (Array.isArray(value)) return value.map(item => expand(item, slotCount));
  if (!isObject(value)) return value;
  if (value['@type'] === HCM) return expandManager(value, slotCount);
  if (isFilterChain(value) && hasAuthChain(value['filters'])) {
    const { transport_socket: socket, ...rest } = value;
    const expanded = expand(rest, slotCount) as JsonObject;
    return socket === undefined ? expanded : { ...expanded, transport_socket: withoutResumption(socket) };
  }
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

function isFilterChain(value: JsonObject): boolean {
  return Array.isArray(value['filters']) && 'transport_socket' in value;
}

function hasAuthChain(filters: JsonValue | undefined): boolean {
  return ((filters ?? []) as JsonObject[]).some(filter => {
    const manager = filter['typed_config'];
    if (!isObject(manager) || manager['@type'] !== HCM) return false;
    return ((manager['http_filters'] ?? []) as JsonObject[]).some(isAuthChain);
  });
}

/**
 * A TLS context that verifies clients, without session resumption: Envoy verifies nothing anew in a resumed session, and its RBAC takes the client
 * for one that is not verified (`mtls_authenticated`), so whoever comes back would be refused.
 */
function withoutResumption(socket: JsonValue): JsonValue {
  if (!isObject(socket)) return socket;
  const context = socket['typed_config'];
  if (!isObject(context) || context['@type'] !== DOWNSTREAM_TLS) return socket;
  const common = context['common_tls_context'];
  if (!isObject(common) || !VALIDATION_FIELDS.some(field => field in common)) return socket;
  const kept = Object.entries(context).filter(([field]) => !TICKET_KEY_FIELDS.includes(field));
  const off = { disable_stateless_session_resumption: true, disable_stateful_session_resumption: true };
  return { ...socket, typed_config: { ...Object.fromEntries(kept), ...off } };
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
