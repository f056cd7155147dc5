import {
  certificate,
  extension,
  FILTERS,
  FIRST_PORT,
  httpListener,
  socket,
  staticCluster,
  TLS,
  trustedCa,
  type BaseFile,
} from './base-parts.ts';

const validation = {
  trusted_ca: trustedCa,
  match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: 'spiffe://a.test/' } }],
};

const serverTls = extension('tls', `${TLS}.DownstreamTlsContext`, {
  require_client_certificate: true,
  common_tls_context: { tls_certificates: [certificate], validation_context: validation },
});

const clientTls = extension('tls', `${TLS}.UpstreamTlsContext`, {
  sni: 'a.test',
  common_tls_context: { tls_certificates: [certificate], validation_context: validation },
});

/** Both ends of a reverse tunnel: the listener that dials and the cluster that it is reached by. */
export const tunnel: BaseFile = index => ({
  clusters: [
    staticCluster(`a-${index}`),
    staticCluster(`responder-${index}`, { transport_socket: clientTls }),
    {
      name: `edges-${index}`,
      connect_timeout: '5s',
      lb_policy: 'CLUSTER_PROVIDED',
      cluster_type: extension(
        'envoy.clusters.reverse_connection',
        'type.googleapis.com/envoy.extensions.clusters.reverse_connection.v3.ReverseConnectionClusterConfig',
        { cleanup_interval: '60s', host_id_format: '%REQ(x-edge)%' },
      ),
      transport_socket: clientTls,
    },
  ],
  listeners: [
    {
      ...httpListener(index, {}, [], { transport_socket: serverTls }),
      listener_filters_timeout: '0s',
      address: {
        socket_address: {
          address: `rc://edge1.test:edges:tenant1@responder-${index}:2`,
          port_value: 0,
          resolver_name: 'envoy.resolvers.reverse_connection',
        },
      },
    },
    {
      name: `tunnel-${index}`,
      address: socket(FIRST_PORT + 20_000 + index),
      filter_chains: [
        {
          filters: [
            extension('reverse_tunnel', `${FILTERS}.network.reverse_tunnel.v3.ReverseTunnel`, {
              ping_interval: '2s',
              validation: { node_id_format: '%DOWNSTREAM_PEER_DNS_SAN%', emit_dynamic_metadata: true },
            }),
          ],
          transport_socket: serverTls,
        },
      ],
    },
  ],
});
