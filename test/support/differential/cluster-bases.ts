import {
  ADS,
  certificate,
  extension,
  socket,
  staticCluster,
  TLS,
  trustedCa,
  type BaseFile,
} from './base-parts.ts';

export const clusters: BaseFile = index => ({
  endpoints: [{ cluster_name: `service-${index}` }],
  clusters: [
    staticCluster(`a-${index}`, {
      lb_policy: 'RING_HASH',
      ring_hash_lb_config: { minimum_ring_size: 128, maximum_ring_size: 1024 },
      health_checks: [
        {
          timeout: '1s',
          interval: '5s',
          unhealthy_threshold: 2,
          healthy_threshold: 1,
          http_health_check: { path: '/health', expected_statuses: [{ start: 200, end: 300 }] },
        },
      ],
      outlier_detection: {
        consecutive_5xx: 5,
        interval: '10s',
        base_ejection_time: '30s',
        max_ejection_percent: 50,
      },
      circuit_breakers: { thresholds: [{ priority: 'DEFAULT', max_connections: 100, max_retries: 3 }] },
    }),
    staticCluster(`two-${index}`, {
      load_assignment: {
        cluster_name: `two-${index}`,
        endpoints: [
          {
            locality: { region: 'eu', zone: 'a' },
            priority: 0,
            load_balancing_weight: 10,
            lb_endpoints: [
              { endpoint: { address: socket(8080), hostname: 'a.test' }, load_balancing_weight: 3 },
            ],
          },
          {
            locality: { zone: 'b' },
            priority: 1,
            lb_endpoints: [{ endpoint: { address: socket(8081, '::1') } }],
          },
        ],
        policy: { overprovisioning_factor: 140 },
      },
      upstream_connection_options: { tcp_keepalive: { keepalive_time: 60 } },
      common_lb_config: { healthy_panic_threshold: { value: 50 }, update_merge_window: '1s' },
    }),
    {
      ...staticCluster(`dns-${index}`),
      type: 'STRICT_DNS',
      dns_lookup_family: 'V4_ONLY',
      load_assignment: {
        cluster_name: `dns-${index}`,
        endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(443, 'upstream.test') } }] }],
      },
      transport_socket: extension('tls', `${TLS}.UpstreamTlsContext`, {
        sni: 'upstream.test',
        common_tls_context: {
          tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
          tls_certificates: [certificate],
          validation_context: {
            trusted_ca: trustedCa,
            match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'upstream.test' } }],
          },
        },
      }),
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
          explicit_http_config: {
            http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '5s' } },
          },
          common_http_protocol_options: { idle_timeout: '60s' },
        },
      },
    },
    { ...staticCluster(`logical-${index}`), type: 'LOGICAL_DNS' },
    {
      name: `eds-${index}`,
      type: 'EDS',
      connect_timeout: '1s',
      lb_policy: 'LEAST_REQUEST',
      least_request_lb_config: { choice_count: 2 },
      eds_cluster_config: { service_name: `service-${index}`, eds_config: ADS },
    },
    { name: `original-${index}`, type: 'ORIGINAL_DST', connect_timeout: '1s', lb_policy: 'CLUSTER_PROVIDED' },
    {
      name: `all-${index}`,
      connect_timeout: '1s',
      lb_policy: 'CLUSTER_PROVIDED',
      cluster_type: extension(
        'envoy.clusters.aggregate',
        'type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig',
        {
          clusters: [`a-${index}`, `two-${index}`],
        },
      ),
    },
  ],
});
