import {
  ADS,
  authority,
  certificate,
  extension,
  FILTERS,
  FIRST_PORT,
  socket,
  staticCluster,
  TLS,
  trustedCa,
  type BaseFile,
} from './base-parts.ts';

export const tlsListener: BaseFile = index => ({
  clusters: [staticCluster(`a-${index}`)],
  secrets: [{ name: `clients-${index}`, validation_context: { trusted_ca: trustedCa } }],
  listeners: [
    {
      name: `listener-${index}`,
      address: socket(FIRST_PORT + index),
      listener_filters: [extension('tls_inspector', `${FILTERS}.listener.tls_inspector.v3.TlsInspector`)],
      filter_chains: [
        {
          filter_chain_match: { server_names: ['edge.test', '*.edge.test'], application_protocols: ['h2'] },
          filters: [
            extension('tcp', `${FILTERS}.network.tcp_proxy.v3.TcpProxy`, {
              stat_prefix: 't',
              cluster: `a-${index}`,
            }),
          ],
          transport_socket: extension('tls', `${TLS}.DownstreamTlsContext`, {
            require_client_certificate: true,
            session_timeout: '60s',
            session_ticket_keys: { keys: [{ inline_bytes: Buffer.alloc(80, 7).toString('base64') }] },
            common_tls_context: {
              alpn_protocols: ['h2', 'http/1.1'],
              tls_params: {
                tls_minimum_protocol_version: 'TLSv1_2',
                tls_maximum_protocol_version: 'TLSv1_3',
                cipher_suites: ['ECDHE-ECDSA-AES128-GCM-SHA256'],
                ecdh_curves: ['X25519', 'P-256'],
              },
              tls_certificates: [certificate],
              validation_context: {
                trusted_ca: trustedCa,
                crl: { inline_string: authority.revocationList() },
                match_typed_subject_alt_names: [
                  { san_type: 'URI', matcher: { prefix: 'spiffe://edge.test/' } },
                ],
              },
            },
          }),
        },
        {
          filter_chain_match: {
            prefix_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }],
            source_type: 'SAME_IP_OR_LOOPBACK',
            destination_port: 8443,
          },
          filters: [
            extension('tcp', `${FILTERS}.network.tcp_proxy.v3.TcpProxy`, {
              stat_prefix: 't',
              idle_timeout: '60s',
              weighted_clusters: { clusters: [{ name: `a-${index}`, weight: 1 }] },
            }),
          ],
          transport_socket: extension('tls', `${TLS}.DownstreamTlsContext`, {
            common_tls_context: {
              tls_certificates: [certificate],
              combined_validation_context: {
                default_validation_context: {
                  match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'a.test' } }],
                },
                validation_context_sds_secret_config: { name: `clients-${index}`, sds_config: ADS },
              },
            },
          }),
        },
      ],
    },
  ],
});

export const onDemandTls: BaseFile = index => ({
  clusters: [staticCluster(`a-${index}`)],
  secrets: [{ name: `fallback-${index}`, tls_certificate: certificate }],
  listeners: [
    {
      name: `listener-${index}`,
      address: socket(FIRST_PORT + index),
      filter_chains: [
        {
          filters: [
            extension('tcp', `${FILTERS}.network.tcp_proxy.v3.TcpProxy`, {
              stat_prefix: 't',
              cluster: `a-${index}`,
            }),
          ],
          transport_socket: extension('tls', `${TLS}.DownstreamTlsContext`, {
            disable_stateless_session_resumption: true,
            disable_stateful_session_resumption: true,
            common_tls_context: {
              custom_tls_certificate_selector: extension(
                'envoy.tls.certificate_selectors.on_demand_secret',
                'type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config',
                {
                  config_source: ADS,
                  certificate_mapper: extension(
                    'envoy.tls.certificate_mappers.sni',
                    'type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_mappers.sni.v3.SNI',
                    { default_value: `fallback-${index}` },
                  ),
                },
              ),
            },
          }),
        },
      ],
    },
  ],
});
