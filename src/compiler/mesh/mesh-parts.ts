import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { ADS_SOURCE } from '../auth/auth-names.ts';
import { typed } from '../auth/nested-filter.ts';
import { PROTOCOL } from './service-spec.ts';

const FILTERS = 'envoy.extensions.filters';
const TLS = 'envoy.extensions.transport_sockets.tls.v3';
/** Everybody in the mesh is an Envoy of today. */
const TLS_1_3: JsonObject = {
  tls_minimum_protocol_version: 'TLSv1_3',
  tls_maximum_protocol_version: 'TLSv1_3',
};

/**
 * How long a connection between sidecars takes new requests. A revocation counts at the handshake, so this bounds what a revoked caller can still do
 * on open connections. The caller's side is first, so that no request meets a connection that is about to close.
 */
export const MAX_CONNECTION = { inbound: '300s', outbound: '240s' } as const;

/** `address:port`. */
export function address(host: string, port: number): JsonObject {
  return { socket_address: { address: host, port_value: port } };
}

/** What a sidecar shows, and what the other side must come from: names of secrets. */
export interface SidecarIdentity {
  readonly certificate: string;
  readonly trust: string;
}

/** The transport socket of calls that come in: a client certificate of the mesh is required. */
export function downstreamTls(identity: SidecarIdentity, protocol: number): JsonObject {
  const common = {
    ...commonTls(identity, protocol),
    validation_context_sds_secret_config: sds(identity.trust),
  };
  return tlsSocket('DownstreamTlsContext', {
    require_client_certificate: true,
    common_tls_context: common,
    // For a resumed session Envoy verifies nothing anew, and its RBAC takes the caller for one that is not verified.
    disable_stateless_session_resumption: true,
    disable_stateful_session_resumption: true,
  });
}

/** The transport socket of calls that go out: the other side must be exactly the service that was meant. */
export function upstreamTls(identity: SidecarIdentity, protocol: number, spiffeId: string): JsonObject {
  const common = {
    ...commonTls(identity, protocol),
    combined_validation_context: {
      default_validation_context: {
        match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: spiffeId } }],
      },
      validation_context_sds_secret_config: sds(identity.trust),
    },
  };
  return tlsSocket('UpstreamTlsContext', { common_tls_context: common });
}

function commonTls({ certificate }: SidecarIdentity, protocol: number): JsonObject {
  return {
    tls_params: TLS_1_3,
    tls_certificate_sds_secret_configs: [sds(certificate)],
    ...(protocol === PROTOCOL.tcp
      ? {}
      : { alpn_protocols: [protocol === PROTOCOL.http2 ? 'h2' : 'http/1.1'] }),
  };
}

function tlsSocket(name: string, fields: JsonObject): JsonObject {
  return { name: 'envoy.transport_sockets.tls', typed_config: typed(`${TLS}.${name}`, fields) };
}

function sds(name: string): JsonObject {
  return { name, sds_config: ADS_SOURCE };
}

/** A connection manager that sends everything to one cluster, after these filters. `options` are more of the HTTP options. Paths are normalised; nobody can forge who called. */
export function httpManager(
  name: string,
  protocol: number,
  cluster: string,
  filters: readonly JsonObject[],
  options: JsonObject = {},
): JsonObject {
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: typed(`${FILTERS}.http.router.v3.Router`),
  };
  // Streams of gRPC have no end that could be waited for.
  const timeout = protocol === PROTOCOL.http2 ? '0s' : '15s';
  const route = { match: { prefix: '/' }, route: { cluster, timeout } };
  const manager = {
    stat_prefix: name,
    codec_type: protocol === PROTOCOL.http2 ? 'HTTP2' : 'HTTP1',
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST', ...options },
    forward_client_cert_details: 'SANITIZE_SET',
    set_current_client_cert_details: { uri: true },
    route_config: { name, virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
    http_filters: [...filters, router],
  };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: typed(`${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`, manager),
  };
}

/** Passes bytes to a cluster. */
export function tcpProxy(name: string, cluster: string): JsonObject {
  const proxy = { stat_prefix: name, cluster };
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: typed(`${FILTERS}.network.tcp_proxy.v3.TcpProxy`, proxy),
  };
}

/** Rules of an RBAC filter; without any principal it denies everybody. */
export function allowRules(principals: readonly JsonObject[], condition?: JsonObject): JsonObject {
  if (principals.length === 0) return { action: 'ALLOW', policies: {} };
  const policy = {
    permissions: [{ any: true }],
    principals: [...principals],
    ...(condition === undefined ? {} : { condition }),
  };
  return { action: 'ALLOW', policies: { callers: policy } };
}

/** An RBAC filter for HTTP, or for the connection. */
export function rbac(layer: 'http' | 'network', prefix: string, rules: JsonObject): JsonObject {
  // The two have their prefix of statistics under different names.
  const stats = layer === 'http' ? { rules_stat_prefix: `${prefix}_` } : { stat_prefix: `${prefix}_` };
  return {
    name: `envoy.filters.${layer}.rbac`,
    typed_config: typed(`${FILTERS}.${layer}.rbac.v3.RBAC`, { rules, ...stats }),
  };
}

/** How a cluster speaks HTTP; `common` are options of both versions. */
export function httpOptions(protocol: number, common: JsonObject = {}): JsonObject {
  if (protocol === PROTOCOL.tcp) return {};
  const explicit: JsonValue =
    protocol === PROTOCOL.http2 ? { http2_protocol_options: {} } : { http_protocol_options: {} };
  const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const options = typed(name, {
    explicit_http_config: explicit,
    ...(Object.keys(common).length === 0 ? {} : { common_http_protocol_options: common }),
  });
  return { typed_extension_protocol_options: { [name]: options } };
}
