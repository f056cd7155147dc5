import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { CertificateAuthority } from '../../../src/authority/certificate-authority.ts';
import { jwksOf, TokenKey } from '../jwt.ts';

/** A valid snapshot file; names and ports carry `index`, so that many fit into one Envoy. */
export type BaseFile = (index: number) => JsonObject;

export const FILTERS = 'type.googleapis.com/envoy.extensions.filters';
export const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const HCM = `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`;
export const ADS = { ads: {}, resource_api_version: 'V3' };
export const FIRST_PORT = 20_000;

export const authority = CertificateAuthority.create();
const pair = authority.issue({ dnsNames: ['edge.test'] });
export const certificate = {
  certificate_chain: { inline_string: pair.chainPem },
  private_key: { inline_string: pair.privateKeyPem },
};
export const trustedCa = { inline_string: authority.certificatePem };
export const jwks = jwksOf([new TokenKey('k1')]);

export function socket(port: number, address = '127.0.0.1'): JsonObject {
  return { socket_address: { address, port_value: port } };
}

export function extension(name: string, type: string, config: JsonObject = {}): JsonObject {
  return { name, typed_config: { '@type': type, ...config } };
}

const router = extension('router', `${FILTERS}.http.router.v3.Router`);

export function staticCluster(name: string, fields: JsonObject = {}): JsonObject {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(8080) } }] }],
    },
    ...fields,
  };
}

export function httpListener(
  index: number,
  fields: JsonObject,
  filters: JsonValue[],
  chain: JsonObject = {},
): JsonObject {
  const manager = {
    '@type': HCM,
    stat_prefix: 'http',
    http_filters: [...filters, router],
    route_config: { name: 'inline', virtual_hosts: [allTo(`a-${index}`)] },
    ...fields,
  };
  return {
    name: `listener-${index}`,
    address: socket(FIRST_PORT + index),
    filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }], ...chain }],
  };
}

export function allTo(cluster: string): JsonObject {
  return { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster } }] };
}

/** `typed_extension_protocol_options` of a cluster that speaks HTTP/2. */
export const HTTP2: JsonObject = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  },
};
