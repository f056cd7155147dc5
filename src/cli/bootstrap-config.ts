import { isIP } from 'node:net';
import { dirname, join } from 'node:path/posix';
import type { Address } from '../config/setting.ts';

/** What an Envoy bootstrap is made of. Paths are those on the proxy's machine. */
export interface BootstrapInput {
  readonly nodeId: string;
  readonly nodeCluster: string;
  readonly xds: Address;
  readonly adminPort: number;
  readonly transport: 'ads' | 'per-type';
  readonly variant: 'sotw' | 'delta';
  readonly tls: BootstrapTls | undefined;
}

/** TLS to the control plane. With `client` it is mTLS. */
export interface BootstrapTls {
  /** PEM file with the CAs that the control plane's certificate must come from. */
  readonly caPath: string;
  /** Name or address in the control plane's certificate. */
  readonly serverName: string;
  readonly client: { readonly certificatePath: string; readonly keyPath: string } | undefined;
}

/** The cluster name of the control plane in the bootstrap. */
const CONTROL_PLANE = 'authplane';
const TLS_TYPES = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

/** `envoy.config.bootstrap.v3.Bootstrap` as JSON: one for each transport, with back-off and keep-alive set. */
export function bootstrapConfig(input: BootstrapInput): Readonly<Record<string, unknown>> {
  const source = {
    api_type: input.variant === 'sotw' ? 'GRPC' : 'DELTA_GRPC',
    transport_api_version: 'V3',
    set_node_on_first_message_only: true,
    grpc_services: [
      {
        envoy_grpc: {
          cluster_name: CONTROL_PLANE,
          retry_policy: { retry_back_off: { base_interval: '1s', max_interval: '30s' } },
        },
      },
    ],
  };
  const perType = { resource_api_version: 'V3', initial_fetch_timeout: '15s', api_config_source: source };
  const aggregated = { resource_api_version: 'V3', initial_fetch_timeout: '15s', ads: {} };
  return {
    node: { id: input.nodeId, cluster: input.nodeCluster },
    admin: { address: socketAddress({ host: '127.0.0.1', port: input.adminPort }) },
    dynamic_resources:
      input.transport === 'ads'
        ? { ads_config: source, cds_config: aggregated, lds_config: aggregated }
        : { cds_config: perType, lds_config: perType },
    static_resources: { clusters: [controlPlaneCluster(input)] },
  };
}

/** The file that the bootstrap names for the client certificate; Envoy re-reads the PEM files when they change. */
export function clientSecretConfig(
  client: NonNullable<BootstrapTls['client']>,
): Readonly<Record<string, unknown>> {
  const secret = {
    '@type': `${TLS_TYPES}.Secret`,
    name: 'client',
    tls_certificate: {
      certificate_chain: { filename: client.certificatePath },
      private_key: { filename: client.keyPath },
      watched_directory: { path: dirname(client.certificatePath) },
    },
  };
  return { resources: [secret] };
}

/** The file that the bootstrap names for the CA; it also pins the name of the control plane. */
export function caSecretConfig(tls: BootstrapTls): Readonly<Record<string, unknown>> {
  const secret = {
    '@type': `${TLS_TYPES}.Secret`,
    name: 'ca',
    validation_context: {
      trusted_ca: { filename: tls.caPath },
      watched_directory: { path: dirname(tls.caPath) },
      match_typed_subject_alt_names: [
        { san_type: sanType(tls.serverName), matcher: { exact: tls.serverName } },
      ],
    },
  };
  return { resources: [secret] };
}

/** Where `clientSecretConfig` is expected. */
function clientSecretPath(client: NonNullable<BootstrapTls['client']>): string {
  return join(dirname(client.certificatePath), 'client.yaml');
}

/** Where `caSecretConfig` is expected. */
function caSecretPath(tls: BootstrapTls): string {
  return join(dirname(tls.caPath), 'ca.yaml');
}

function controlPlaneCluster({ xds, tls }: BootstrapInput): Readonly<Record<string, unknown>> {
  return {
    name: CONTROL_PLANE,
    type: isIP(xds.host) === 0 ? 'STRICT_DNS' : 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: CONTROL_PLANE,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(xds) } }] }],
    },
    ...(tls === undefined ? {} : { transport_socket: tlsSocket(tls) }),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '5s' } },
        },
      },
    },
  };
}

function tlsSocket(tls: BootstrapTls): Readonly<Record<string, unknown>> {
  const common = {
    alpn_protocols: ['h2'],
    // An upstream TLS context stops at 1.2 unless the maximum is raised with the minimum.
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    ...(tls.client === undefined
      ? {}
      : { tls_certificate_sds_secret_configs: [secretFile('client', clientSecretPath(tls.client))] }),
    validation_context_sds_secret_config: secretFile('ca', caSecretPath(tls)),
  };
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${TLS_TYPES}.UpstreamTlsContext`,
      ...(isIP(tls.serverName) === 0 && !tls.serverName.includes('://') ? { sni: tls.serverName } : {}),
      common_tls_context: common,
    },
  };
}

function secretFile(name: string, path: string): Readonly<Record<string, unknown>> {
  return { name, sds_config: { resource_api_version: 'V3', path_config_source: { path } } };
}

function socketAddress({ host, port }: Address): Readonly<Record<string, unknown>> {
  return { socket_address: { address: host, port_value: port } };
}

function sanType(name: string): 'URI' | 'IP_ADDRESS' | 'DNS' {
  if (name.includes('://')) return 'URI';
  return isIP(name) === 0 ? 'DNS' : 'IP_ADDRESS';
}
