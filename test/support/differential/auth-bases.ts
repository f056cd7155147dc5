import { ADS, extension, FILTERS, httpListener, jwks, staticCluster, type BaseFile } from './base-parts.ts';

export const auth: BaseFile = index => ({
  clusters: [staticCluster(`a-${index}`), staticCluster(`authz-${index}`)],
  listeners: [
    httpListener(
      index,
      {
        route_config: {
          name: 'inline',
          virtual_hosts: [
            {
              name: 'all',
              domains: ['*'],
              routes: [
                {
                  match: { prefix: '/' },
                  route: { cluster: `a-${index}` },
                  typed_per_filter_config: {
                    jwt: { '@type': `${FILTERS}.http.jwt_authn.v3.PerRouteConfig`, requirement_name: 'need' },
                    ea: {
                      '@type': `${FILTERS}.http.ext_authz.v3.ExtAuthzPerRoute`,
                      check_settings: { context_extensions: { policy: 'strict' } },
                    },
                    rbac: {
                      '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig',
                      disabled: true,
                    },
                  },
                },
              ],
            },
          ],
        },
      },
      [
        extension('jwt', `${FILTERS}.http.jwt_authn.v3.JwtAuthentication`, {
          providers: {
            idp: {
              issuer: 'https://idp.test',
              audiences: ['edge'],
              local_jwks: { inline_string: jwks },
              claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }],
              from_headers: [{ name: 'authorization', value_prefix: 'Bearer ' }],
            },
            far: {
              issuer: 'https://far.test',
              remote_jwks: {
                http_uri: { uri: 'https://far.test/jwks', cluster: `authz-${index}`, timeout: '1s' },
                cache_duration: '300s',
              },
            },
          },
          requirement_map: { need: { provider_name: 'idp' }, far: { provider_name: 'far' } },
          rules: [
            { match: { prefix: '/public' } },
            {
              match: { prefix: '/any' },
              requires: { requires_any: { requirements: [{ provider_name: 'idp' }, { allow_missing: {} }] } },
            },
            { match: { prefix: '/' }, requirement_name: 'need' },
          ],
        }),
        extension('rbac', `${FILTERS}.http.rbac.v3.RBAC`, {
          rules: {
            action: 'ALLOW',
            policies: {
              users: {
                permissions: [
                  {
                    and_rules: {
                      rules: [
                        { url_path: { path: { prefix: '/u' } } },
                        { header: { name: ':method', string_match: { exact: 'GET' } } },
                      ],
                    },
                  },
                ],
                principals: [
                  {
                    metadata: {
                      filter: 'envoy.filters.http.jwt_authn',
                      path: [{ key: 'claims' }, { key: 'sub' }],
                      value: { string_match: { safe_regex: { regex: 'a.*' } } },
                    },
                  },
                  { source_ip: { address_prefix: '10.0.0.0', prefix_len: 8 } },
                ],
              },
            },
          },
          shadow_rules: { action: 'ALLOW', policies: {} },
          shadow_rules_stat_prefix: 'dry_',
        }),
        extension('ea', `${FILTERS}.http.ext_authz.v3.ExtAuthz`, {
          transport_api_version: 'V3',
          grpc_service: { envoy_grpc: { cluster_name: `authz-${index}` }, timeout: '0.25s' },
          status_on_error: { code: 'ServiceUnavailable' },
          with_request_body: { max_request_bytes: 1024, allow_partial_message: true },
          allowed_headers: { patterns: [{ exact: 'authorization' }] },
        }),
      ],
    ),
  ],
});

export const moreAuth: BaseFile = index => ({
  clusters: [staticCluster(`a-${index}`)],
  secrets: [
    { name: `token-${index}`, generic_secret: { secret: { inline_string: 'x' } } },
    { name: `hmac-${index}`, generic_secret: { secret: { inline_string: 'y' } } },
  ],
  listeners: [
    httpListener(index, {}, [
      extension('oauth2', `${FILTERS}.http.oauth2.v3.OAuth2`, {
        config: {
          token_endpoint: { cluster: `a-${index}`, uri: 'http://idp.test/token', timeout: '1s' },
          authorization_endpoint: 'https://idp.test/authorize',
          redirect_uri: 'https://%REQ(:authority)%/cb',
          redirect_path_matcher: { path: { exact: '/cb' } },
          signout_path: { path: { exact: '/out' } },
          credentials: {
            client_id: 'c',
            token_secret: { name: `token-${index}`, sds_config: ADS },
            hmac_secret: { name: `hmac-${index}`, sds_config: ADS },
          },
        },
      }),
      extension('apikey', `${FILTERS}.http.api_key_auth.v3.ApiKeyAuth`, {
        credentials: [{ key: 'k', client: 'c1' }],
        key_sources: [{ header: 'x-api-key' }],
        forwarding: { header: 'x-client', hide_credentials: true },
      }),
      extension('basic', `${FILTERS}.http.basic_auth.v3.BasicAuth`, {
        users: { inline_string: 'user:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=' },
      }),
      extension('cors', `${FILTERS}.http.cors.v3.Cors`),
      extension('csrf', `${FILTERS}.http.csrf.v3.CsrfPolicy`, {
        filter_enabled: { default_value: { numerator: 100, denominator: 'HUNDRED' } },
      }),
      extension('lua', `${FILTERS}.http.lua.v3.Lua`, {
        default_source_code: { inline_string: 'function envoy_on_request(handle) end' },
      }),
      extension('limit', `${FILTERS}.http.local_ratelimit.v3.LocalRateLimit`, {
        stat_prefix: 'limit',
        token_bucket: { max_tokens: 10, tokens_per_fill: 5, fill_interval: '1s' },
      }),
      extension('mutate', `${FILTERS}.http.header_mutation.v3.HeaderMutation`, {
        mutations: {
          request_mutations: [
            { append: { header: { key: 'x-a', value: 'b' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } },
            { remove: 'x-c' },
          ],
        },
      }),
      extension('inject', `${FILTERS}.http.credential_injector.v3.CredentialInjector`, {
        credential: extension(
          'g',
          'type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic',
          {
            credential: { name: `token-${index}`, sds_config: ADS },
            header: 'x-cred',
          },
        ),
      }),
    ]),
  ],
});

export const filterChain: BaseFile = index => {
  const chain = `${FILTERS}.http.filter_chain.v3.FilterChainConfig`;
  const deny = extension('deny', `${FILTERS}.http.rbac.v3.RBAC`, {
    rules: { action: 'ALLOW', policies: {} },
  });
  const nested = { default_filter_chain: { filters: [deny] } };
  return {
    clusters: [staticCluster(`a-${index}`)],
    extension_configs: [{ name: `slot-${index}`, typed_config: { '@type': chain, ...nested } }],
    listeners: [
      httpListener(index, {}, [
        extension('chain', chain, nested),
        {
          name: `slot-${index}`,
          disabled: true,
          config_discovery: {
            config_source: ADS,
            type_urls: [chain],
            default_config: { '@type': chain, ...nested },
            apply_default_config_without_warming: true,
          },
        },
      ]),
    ],
  };
};
