import type { JsonObject } from '@bufbuild/protobuf';
import { durationJson, durationMs, type ExternalAuthorizationSpec } from './auth-spec.ts';
import type { ChainContext } from './chain-context.ts';
import { httpFilter, NO_PART, type ChainPart } from './nested-filter.ts';

const DEFAULT_TIMEOUT_MS = 200;

/** Asks a service (Envoy's ext_authz). No answer, a late one and an error deny; the service cannot change the route. */
export function externalFilter({ chain: { spec } }: ChainContext): ChainPart {
  const external = spec.authorize?.external;
  if (external === undefined) return NO_PART;
  const filter = httpFilter(`${spec.name}/external`, 'ext_authz.v3.ExtAuthz', {
    ...service(external),
    transport_api_version: 'V3',
    failure_mode_allow: false,
    clear_route_cache: false,
    validate_mutations: true,
    include_peer_certificate: true,
    stat_prefix: spec.name,
    metadata_context_namespaces: ['envoy.filters.http.jwt_authn'],
    ...(external.headers.length === 0
      ? {}
      : {
          allowed_headers: { patterns: external.headers.map(name => ({ exact: name, ignore_case: true })) },
        }),
    ...(external.maxBodyBytes === undefined
      ? {}
      : { with_request_body: { max_request_bytes: external.maxBodyBytes, allow_partial_message: false } }),
  });
  return { filters: [filter], diagnostics: [] };
}

function service(external: ExternalAuthorizationSpec): JsonObject {
  const timeout = durationJson(durationMs(external.timeout, DEFAULT_TIMEOUT_MS));
  const { cluster, http } = external;
  if (http === undefined) return { grpc_service: { envoy_grpc: { cluster_name: cluster }, timeout } };
  const upstream = http.upstreamHeaders.map(name => ({ exact: name, ignore_case: true }));
  return {
    http_service: {
      server_uri: { uri: `http://${cluster}`, cluster, timeout },
      path_prefix: http.pathPrefix,
      ...(upstream.length === 0
        ? {}
        : { authorization_response: { allowed_upstream_headers: { patterns: upstream } } }),
    },
  };
}
