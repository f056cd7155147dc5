import type { JsonObject } from '@bufbuild/protobuf';
import { HOLDER_LISTENER } from './auth-names.ts';
import { filterJson, typed, type NestedFilter } from './nested-filter.ts';

/**
 * A listener without a socket that names the secrets of all chains: Envoy never asks for a secret that first appears in a filter
 * delivered by ECDS to a listener that is already active.
 */
export function holderListener(filters: readonly NestedFilter[]): JsonObject {
  const manager = typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'authplane_secrets',
    route_config: { name: HOLDER_LISTENER },
    http_filters: [
      ...filters.map(filter => ({ ...filterJson(filter), disabled: true })),
      { name: 'router', typed_config: typed('envoy.extensions.filters.http.router.v3.Router') },
    ],
  });
  return {
    name: HOLDER_LISTENER,
    address: { socket_address: { address: '127.0.0.1', port_value: 1 } },
    bind_to_port: false,
    filter_chains: [
      { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
    ],
  };
}
