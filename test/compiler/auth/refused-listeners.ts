import { authListener, authRoute, authRoutes, selectChain } from '../../support/auth-snapshot.ts';
import {
  HTTP,
  PUBLIC,
  chain,
  authorized,
  listener,
  filter,
  routes,
  perFilter,
  FILTER_CONFIG,
  type Refusal,
} from './refusal-base.ts';

/** Mistakes in listeners and routes, and beside chains. */
export const REFUSED_LISTENERS: Readonly<Record<string, Refusal>> = {
  'inline routes': [
    listener({ manager: { rds: undefined, route_config: authRoutes([authRoute({ prefix: '/' }, 'up')]) } }),
    'AP1913',
    /by RDS/,
  ],
  'paths that are not normalised': [
    listener({ manager: { normalize_path: false } }),
    'AP1914',
    /normalize_path/,
  ],
  'escaped slashes that are kept': [
    listener({ manager: { path_with_escaped_slashes_action: 'KEEP_UNCHANGED' } }),
    'AP1914',
    /escaped_slashes/,
  ],
  'certificates taken from headers': [
    listener({ manager: { forward_client_cert_details: 'ALWAYS_FORWARD_ONLY' } }),
    'AP1914',
    /client_cert_details/,
  ],
  'lua after the chain': [listener({ after: [filter('lua', 'lua.v3.Lua')] }), 'AP1915', /filter "lua"/],
  'header_mutation after the chain': [
    listener({ after: [filter('m', 'header_mutation.v3.HeaderMutation')] }),
    'AP1915',
    /filter "m"/,
  ],
  'a filter by ECDS after the chain that is one of these': [
    {
      ...listener({
        after: [
          {
            name: 'later',
            config_discovery: {
              config_source: { ads: {}, resource_api_version: 'V3' },
              type_urls: [`${HTTP}.lua.v3.Lua`],
              default_config: { '@type': `${HTTP}.rbac.v3.RBAC`, rules: {} },
              apply_default_config_without_warming: true,
            },
          },
        ],
      }),
      extension_configs: [filter('later', 'lua.v3.Lua')],
    },
    'AP1915',
    /filter "later"/,
  ],
  'a public prefix that ends inside a name': [
    routes(authRoute({ prefix: '/public' }, 'up', PUBLIC), authRoute({ prefix: '/' }, 'up')),
    'AP1916',
    /also opens "\/public-anything"/,
  ],
  'the same, inherited': [
    {
      routes: [
        {
          name: 'main',
          virtual_hosts: [
            {
              name: 'all',
              domains: ['*'],
              routes: [authRoute({ prefix: '/public' }, 'up')],
              typed_per_filter_config: selectChain(PUBLIC),
            },
          ],
        },
      ],
    },
    'AP1916',
    /virtual host "all"/,
  ],
  'routes that another listener serves without a chain': [
    {
      listeners: [
        authListener({ port: 10_000, chain: 'api' }),
        {
          ...authListener({
            name: 'open',
            port: 10_002,
            chain: 'api',
            manager: { http_filters: [filter('router', 'router.v3.Router')] },
          }),
        },
      ],
    },
    'AP1917',
    /not through this listener/,
  ],
  'routes with two defaults': [
    {
      listeners: [
        authListener({ port: 10_000, chain: 'api' }),
        authListener({ name: 'other', port: 10_002, chain: 'second' }),
      ],
      auth_chains: [chain(), chain({ name: 'second' })],
    },
    'AP1917',
    /follows chain/,
  ],
  'a selection at a weighted cluster': [
    routes({
      match: { prefix: '/' },
      route: {
        weighted_clusters: {
          clusters: [{ name: 'up', weight: 1, typed_per_filter_config: selectChain({ chain: 'api' }) }],
        },
      },
    }),
    'AP1918',
    /routes only/,
  ],
  'a selection inside a FilterConfig': [
    routes(perFilter('auth', { '@type': FILTER_CONFIG, config: selectChain(PUBLIC).auth })),
    'AP1918',
    /routes only/,
  ],
  'a FilterConfig that disables the chain': [
    routes(perFilter('auth', { '@type': FILTER_CONFIG, disabled: true })),
    'AP1918',
    /only AuthChainPerRoute/,
  ],
  'a disabled AuthChain filter': [
    (() => {
      const made = authListener({ port: 10_000, chain: 'api' });
      const config = made.filter_chains[0]?.filters[0]?.typed_config;
      const filters = config?.http_filters.map((entry, index) =>
        index === 0 ? { ...entry, disabled: true } : entry,
      );
      Object.assign(config ?? {}, { http_filters: filters });
      return { listeners: [made] };
    })(),
    'AP1918',
    /cannot be disabled/,
  ],
  'an AuthChain inside a filter_chain': [
    listener({
      before: [
        filter('nested', 'filter_chain.v3.FilterChainConfig', {
          default_filter_chain: {
            filters: [
              {
                name: 'x',
                typed_config: { '@type': 'type.googleapis.com/authplane.v1.AuthChain', chain: 'api' },
              },
            ],
          },
        }),
      ],
    }),
    'AP1918',
    /filter of a connection manager/,
  ],
  'the guard disabled by a route': [
    routes(perFilter('authplane/guard', { '@type': FILTER_CONFIG, disabled: true, is_optional: true })),
    'AP1919',
    /authplane\/guard/,
  ],
  'a part of a chain configured by a route': [
    routes(
      perFilter('api/jwt', {
        '@type': FILTER_CONFIG,
        is_optional: true,
        config: { '@type': `${HTTP}.jwt_authn.v3.PerRouteConfig`, disabled: true },
      }),
    ),
    'AP1919',
    /api\/jwt/,
  ],
  'a filter under the name of a part of a chain': [
    listener({ before: [filter('api/cors', 'cors.v3.Cors')] }),
    'AP1919',
    /api\/cors/,
  ],
  'a resource under the name of a slot': [
    { extension_configs: [filter('authplane/slot-0', 'lua.v3.Lua')] },
    'AP1919',
    /kept for authplane/,
  ],
  'a chain under the name of authplane': [
    { auth_chains: [chain(), chain({ name: 'authplane-x' })] },
    'AP1919',
    /chain names/,
  ],
  'the metadata of the guard in a route': [
    routes({
      ...authRoute({ prefix: '/' }, 'up'),
      metadata: { filter_metadata: { authplane: { public: true } } },
    }),
    'AP1919',
    /metadata namespace/,
  ],
  'the metadata of the guard set by a filter': [
    listener({
      before: [
        filter('m', 'set_metadata.v3.Config', {
          metadata: [{ metadata_namespace: 'authplane', value: { chain: 'api' } }],
        }),
      ],
    }),
    'AP1919',
    /metadata namespace/,
  ],
  'the metadata of the guard taken from a header': [
    listener({
      before: [
        filter('h', 'header_to_metadata.v3.Config', {
          request_rules: [
            {
              header: 'x',
              on_header_present: { metadata_namespace: 'authplane', key: 'chain', type: 'STRING' },
            },
          ],
        }),
      ],
    }),
    'AP1919',
    /metadata namespace/,
  ],
  'more chains than slots take': [
    { auth_chains: [chain(), ...Array.from({ length: 8 }, (_, index) => chain({ name: `c${index}` }))] },
    'AP1920',
    /9 auth chains; 16 slots take 8/,
  ],
  'a network that is none': [
    authorized({ principals: { cidrs: ['10.0.0.0/33'] } }),
    'AP1922',
    /10.0.0.0\/33/,
  ],
  'filters of their own for upgrades': [
    listener({
      manager: {
        upgrade_configs: [{ upgrade_type: 'websocket', filters: [filter('router', 'router.v3.Router')] }],
      },
    }),
    'AP1926',
    /never meet the auth chain/,
  ],
  'two AuthChain filters': [
    listener({
      before: [
        {
          name: 'first',
          typed_config: { '@type': 'type.googleapis.com/authplane.v1.AuthChain', chain: 'api' },
        },
      ],
    }),
    'AP1926',
    /one AuthChain/,
  ],
  'a policy for what the chain does not take': [
    authorized({ principals: { api_key_clients: ['ci'] } }),
    'AP1927',
    /API keys/,
  ],
  'a header set twice': [
    {
      auth_chains: [
        chain({
          set_headers: [
            { name: 'x-a', value: '1' },
            { name: 'X-A', value: '2' },
          ],
        }),
      ],
    },
    'AP1928',
    /header "X-A"/,
  ],
  'a header that decides who the caller is': [
    { auth_chains: [chain({ set_headers: [{ name: 'authorization', value: '1' }] })] },
    'AP1928',
    /must not be set/,
  ],
  'any origin with cookies': [
    { auth_chains: [chain({ cors: { origins: ['*'], credentials: true } })] },
    'AP1928',
    /any origin/,
  ],
  'an external service of an unknown cluster': [
    { auth_chains: [chain({ authorize: { external: { cluster: 'ghost' } } })] },
    'AP1301',
    /ghost/,
  ],
  'a public route without a reason': [
    routes(authRoute({ prefix: '/' }, 'up', { public: { reason: '' } })),
    'AP1201',
    /reason/,
  ],
  'failure_mode_allow beside a chain': [
    listener({
      before: [
        filter('ea', 'ext_authz.v3.ExtAuthz', {
          grpc_service: { envoy_grpc: { cluster_name: 'up' } },
          failure_mode_allow: true,
        }),
      ],
    }),
    'AP1609',
    /pass unchecked/,
  ],
  'allow_missing_or_failed beside a chain': [
    listener({
      before: [
        filter('jwt', 'jwt_authn.v3.JwtAuthentication', {
          rules: [{ match: { prefix: '/' }, requires: { allow_missing_or_failed: {} } }],
        }),
      ],
    }),
    'AP1607',
    /wrong token/,
  ],
};
