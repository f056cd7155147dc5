import { allTo, extension, httpListener, staticCluster, type BaseFile } from './base-parts.ts';

export const routes: BaseFile = index => ({
  clusters: [staticCluster(`a-${index}`), staticCluster(`b-${index}`)],
  listeners: [
    httpListener(
      index,
      {
        codec_type: 'AUTO',
        route_config: {
          name: 'inline',
          max_direct_response_body_size_bytes: 10,
          virtual_hosts: [
            {
              name: 'one',
              domains: ['one.test', '*.one.test'],
              request_headers_to_add: [
                {
                  header: { key: 'x-one', value: '%REQ(x-two)%' },
                  append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
                },
              ],
              request_headers_to_remove: ['x-internal'],
              routes: [
                {
                  match: {
                    safe_regex: { regex: '/r/[0-9]+(?:/x)?' },
                    headers: [{ name: 'x-a', string_match: { safe_regex: { regex: '^a{1,3}$' } } }],
                    query_parameters: [{ name: 'q', string_match: { exact: 'v' } }],
                  },
                  route: {
                    weighted_clusters: {
                      clusters: [
                        { name: `a-${index}`, weight: 1 },
                        { name: `b-${index}`, weight: 3 },
                      ],
                    },
                    timeout: '5s',
                    retry_policy: {
                      retry_on: '5xx',
                      num_retries: 2,
                      per_try_timeout: '1s',
                      retry_back_off: { base_interval: '0.1s', max_interval: '1s' },
                    },
                  },
                },
                {
                  match: { path: '/rewrite' },
                  route: {
                    cluster: `a-${index}`,
                    regex_rewrite: { pattern: { regex: '^/rewrite' }, substitution: '/' },
                    host_rewrite_literal: 'other.test',
                    hash_policy: [{ cookie: { name: 'c', ttl: '0s' } }],
                    request_mirror_policies: [{ cluster: `b-${index}` }],
                    upgrade_configs: [{ upgrade_type: 'websocket' }],
                  },
                },
                {
                  match: { path_separated_prefix: '/old' },
                  redirect: { path_redirect: '/new', response_code: 'FOUND' },
                },
                {
                  match: { path: '/here' },
                  direct_response: { status: 200, body: { inline_string: 'here' } },
                },
                { match: { prefix: '/' }, route: { cluster_header: 'x-cluster', prefix_rewrite: '/p' } },
              ],
            },
            allTo(`b-${index}`),
          ],
        },
      },
      [],
    ),
  ],
});

export const manager: BaseFile = index => ({
  clusters: [staticCluster(`a-${index}`)],
  listeners: [
    httpListener(
      index,
      {
        server_name: 'edge',
        normalize_path: true,
        merge_slashes: true,
        path_with_escaped_slashes_action: 'REJECT_REQUEST',
        use_remote_address: true,
        xff_num_trusted_hops: 1,
        common_http_protocol_options: {
          idle_timeout: '300s',
          max_stream_duration: '60s',
          max_headers_count: 100,
          headers_with_underscores_action: 'REJECT_REQUEST',
        },
        http2_protocol_options: { max_concurrent_streams: 100, initial_stream_window_size: 65536 },
        max_request_headers_kb: 60,
        stream_idle_timeout: '300s',
        request_timeout: '10s',
        drain_timeout: '5s',
        internal_address_config: { cidr_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] },
        upgrade_configs: [{ upgrade_type: 'websocket' }],
        access_log: [
          extension(
            'stdout',
            'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
            {
              log_format: { text_format_source: { inline_string: '%REQ(:METHOD)% %RESPONSE_CODE%\n' } },
            },
          ),
        ],
        local_reply_config: {
          mappers: [
            {
              filter: {
                status_code_filter: {
                  comparison: { op: 'EQ', value: { default_value: 403, runtime_key: 'k' } },
                },
              },
              status_code: 404,
              body: { inline_string: 'no' },
            },
          ],
        },
      },
      [],
    ),
  ],
});
