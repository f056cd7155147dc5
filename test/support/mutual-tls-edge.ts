import { loopback, httpConnectionManager } from './edge-snapshot.ts';
import { ADS, routesOf, staticCluster } from './demand-snapshot.ts';

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const HTTP = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** What a listener with mutual TLS is made of. */
export interface MutualTlsEdgeOptions {
  readonly port: number;
  readonly upstreamPort: number;
  readonly grpcPort: number;
  /** A CA directory: its trust and revocation lists are what clients are checked against. */
  readonly caDir: string;
  /** More of the DownstreamTlsContext. */
  readonly context?: object;
  /** More certificates of the listener, by name of the secret. */
  readonly moreCertificates?: readonly string[];
  /** More of the snapshot file. */
  readonly file?: object;
}

/** A snapshot file: everything to an HTTP/1.1 upstream, `/grpc/` to one that speaks HTTP/2; the certificate is `certs/edge`. */
export function mutualTlsEdge(options: MutualTlsEdgeOptions): object {
  const { port, upstreamPort, grpcPort, caDir, context = {}, moreCertificates = [], file = {} } = options;
  const downstream = {
    '@type': `${TLS}.DownstreamTlsContext`,
    require_client_certificate: true,
    common_tls_context: {
      alpn_protocols: ['h2', 'http/1.1'],
      tls_certificate_sds_secret_configs: ['edge', ...moreCertificates].map(name => ({
        name,
        sds_config: ADS,
      })),
      validation_context_sds_secret_config: { name: 'clients', sds_config: ADS },
    },
    ...context,
  };
  const routes = [
    { match: { prefix: '/grpc/' }, route: { cluster: 'grpc', timeout: '0s' } },
    { match: { prefix: '/' }, route: { cluster: 'up' } },
  ];
  return {
    certificates: [{ name: 'edge', certificate_chain: 'certs/edge.pem', private_key: 'certs/edge.key' }],
    trust_bundles: [{ name: 'clients', trusted_ca: `${caDir}/trust.pem`, crl: `${caDir}/revoked.crl` }],
    listeners: [
      {
        name: 'edge',
        address: loopback(port),
        filter_chains: [
          {
            filters: [httpConnectionManager(routesOf('main'))],
            transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: downstream },
          },
        ],
      },
    ],
    routes: [{ name: 'main', virtual_hosts: [{ name: 'all', domains: ['*'], routes }] }],
    clusters: [
      staticCluster('up', upstreamPort),
      {
        ...staticCluster('grpc', grpcPort),
        typed_extension_protocol_options: {
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
            '@type': HTTP,
            explicit_http_config: { http2_protocol_options: {} },
          },
        },
      },
    ],
    ...file,
  };
}
