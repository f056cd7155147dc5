import {
  extension,
  FILTERS,
  FIRST_PORT,
  HTTP2,
  httpListener,
  socket,
  staticCluster,
  type BaseFile,
} from './base-parts.ts';

const always = { numerator: 100, denominator: 'HUNDRED' };

/** HTTP filters that do not authenticate. */
export const httpFilters: BaseFile = index => ({
  clusters: [staticCluster(`a-${index}`)],
  listeners: [
    httpListener(index, {}, [
      extension('ext_proc', `${FILTERS}.http.ext_proc.v3.ExternalProcessor`, {
        grpc_service: { envoy_grpc: { cluster_name: `a-${index}` }, timeout: '0.2s' },
        message_timeout: '0.2s',
        processing_mode: { request_header_mode: 'SEND' },
      }),
      extension('ratelimit', `${FILTERS}.http.ratelimit.v3.RateLimit`, {
        domain: 'edge',
        timeout: '0.1s',
        rate_limit_service: {
          transport_api_version: 'V3',
          grpc_service: { envoy_grpc: { cluster_name: `a-${index}` } },
        },
      }),
      extension('health', `${FILTERS}.http.health_check.v3.HealthCheck`, {
        pass_through_mode: false,
        headers: [{ name: ':path', string_match: { exact: '/health' } }],
      }),
      extension('fault', `${FILTERS}.http.fault.v3.HTTPFault`, {
        abort: { http_status: 418, percentage: always },
        delay: { fixed_delay: '1s', percentage: always },
      }),
      extension('buffer', `${FILTERS}.http.buffer.v3.Buffer`, { max_request_bytes: 1000 }),
      extension('metadata', `${FILTERS}.http.set_metadata.v3.Config`, {
        metadata: [{ metadata_namespace: 'ap', value: { chain: 'a' }, allow_overwrite: true }],
      }),
      extension('to_metadata', `${FILTERS}.http.header_to_metadata.v3.Config`, {
        request_rules: [
          {
            header: 'x-a',
            on_header_present: { metadata_namespace: 'ap', key: 'a', type: 'STRING' },
            remove: false,
          },
        ],
      }),
      extension('rbac', `${FILTERS}.http.rbac.v3.RBAC`, {
        rules: {
          action: 'DENY',
          policies: {
            bad: {
              permissions: [{ destination_port_range: { start: 80, end: 90 } }, { not_rule: { any: true } }],
              principals: [
                { authenticated: { principal_name: { exact: 'spiffe://a.test/x' } } },
                { remote_ip: { address_prefix: '::1', prefix_len: 128 } },
                { header: { name: 'x-a', present_match: true } },
              ],
              condition: {
                call_expr: {
                  function: '_==_',
                  args: [
                    { select_expr: { operand: { ident_expr: { name: 'request' } }, field: 'method' } },
                    { const_expr: { string_value: 'GET' } },
                  ],
                },
              },
            },
          },
        },
      }),
    ]),
  ],
});

/** Network filters before a TCP proxy. */
export const networkFilters: BaseFile = index => ({
  clusters: [staticCluster(`a-${index}`)],
  listeners: [
    {
      name: `listener-${index}`,
      address: socket(FIRST_PORT + index),
      additional_addresses: [{ address: socket(FIRST_PORT + 20_000 + index) }],
      per_connection_buffer_limit_bytes: 32768,
      listener_filters_timeout: '5s',
      tcp_backlog_size: 128,
      listener_filters: [
        extension('proxy', `${FILTERS}.listener.proxy_protocol.v3.ProxyProtocol`, {
          allow_requests_without_proxy_protocol: true,
        }),
      ],
      access_log: [
        extension('stderr', 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog', {
          log_format: { json_format: { peer: '%DOWNSTREAM_PEER_SUBJECT%', bytes: '%BYTES_SENT%' } },
        }),
      ],
      filter_chains: [
        {
          filters: [
            extension('rbac', `${FILTERS}.network.rbac.v3.RBAC`, {
              stat_prefix: 'r',
              rules: {
                action: 'ALLOW',
                policies: {
                  p: {
                    permissions: [{ requested_server_name: { exact: 'a.test' } }],
                    principals: [{ any: true }],
                  },
                },
              },
            }),
            extension('authz', `${FILTERS}.network.ext_authz.v3.ExtAuthz`, {
              stat_prefix: 'e',
              transport_api_version: 'V3',
              grpc_service: { envoy_grpc: { cluster_name: `a-${index}` }, timeout: '1s' },
            }),
            extension('connections', `${FILTERS}.network.connection_limit.v3.ConnectionLimit`, {
              stat_prefix: 'c',
              max_connections: 100,
              delay: '0.1s',
            }),
            extension('limit', `${FILTERS}.network.local_ratelimit.v3.LocalRateLimit`, {
              stat_prefix: 'l',
              token_bucket: { max_tokens: 10, tokens_per_fill: 1, fill_interval: '1s' },
            }),
            extension('tcp', `${FILTERS}.network.tcp_proxy.v3.TcpProxy`, {
              stat_prefix: 't',
              cluster: `a-${index}`,
              max_connect_attempts: 3,
              hash_policy: [{ source_ip: {} }],
              access_log: [
                {
                  name: 'stdout',
                  filter: {
                    duration_filter: {
                      comparison: { op: 'GE', value: { default_value: 5, runtime_key: 'k' } },
                    },
                  },
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
                  },
                },
              ],
            }),
          ],
        },
      ],
    },
  ],
});

/** More kinds of clusters and balancers. */
export const moreClusters: BaseFile = index => ({
  clusters: [
    staticCluster(`maglev-${index}`, { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 65537 } }),
    staticCluster(`subset-${index}`, {
      lb_subset_config: {
        fallback_policy: 'DEFAULT_SUBSET',
        default_subset: { stage: 'prod' },
        subset_selectors: [{ keys: ['stage', 'version'] }],
      },
    }),
    staticCluster(`policy-${index}`, {
      typed_extension_protocol_options: HTTP2,
      load_balancing_policy: {
        policies: [
          {
            typed_extension_config: extension(
              'round_robin',
              'type.googleapis.com/envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin',
            ),
          },
        ],
      },
      health_checks: [
        {
          timeout: '1s',
          interval: '5s',
          interval_jitter: '1s',
          unhealthy_threshold: 2,
          healthy_threshold: 1,
          no_traffic_interval: '60s',
          grpc_health_check: { service_name: 's' },
        },
      ],
      upstream_bind_config: { source_address: { address: '127.0.0.1', port_value: 0 } },
    }),
    {
      name: `dfp-${index}`,
      connect_timeout: '1s',
      lb_policy: 'CLUSTER_PROVIDED',
      cluster_type: extension(
        'envoy.clusters.dynamic_forward_proxy',
        'type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
        {
          dns_cache_config: {
            name: `cache-${index}`,
            dns_lookup_family: 'V4_ONLY',
            max_hosts: 100,
            host_ttl: '300s',
          },
        },
      ),
    },
  ],
});
