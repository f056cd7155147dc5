const TYPE = 'type.googleapis.com/';
const ADS = { ads: {}, resource_api_version: 'V3' };
const HCM = `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;

/** A listener without TLS whose routes come by RDS and whose auth is a chain. */
export interface AuthListenerOptions {
  readonly port: number;
  /** Default: `edge`. */
  readonly name?: string;
  /** The name of its route configuration. Default: `main`. */
  readonly routes?: string;
  /** The chain of routes that name none. */
  readonly chain: string;
  /** Other fields of the AuthChain filter. */
  readonly filter?: object;
  /** Filters before and after the chain. */
  readonly before?: readonly object[];
  readonly after?: readonly object[];
  /** Other fields of the connection manager. */
  readonly manager?: object;
  /** Of the filter chain: `transport_socket`, for instance. */
  readonly filterChain?: object;
}

/** A listener with an AuthChain filter, in the form of a snapshot file. */
export function authListener(options: AuthListenerOptions) {
  const {
    name = 'edge',
    routes = 'main',
    port,
    chain,
    filter = {},
    before = [],
    after = [],
    manager = {},
    filterChain = {},
  } = options;
  const config = {
    '@type': HCM,
    stat_prefix: 'edge',
    rds: { route_config_name: routes, config_source: ADS },
    http_filters: [
      ...before,
      { name: 'auth', typed_config: { '@type': `${TYPE}authplane.v1.AuthChain`, chain, ...filter } },
      ...after,
      {
        name: 'router',
        typed_config: { '@type': `${TYPE}envoy.extensions.filters.http.router.v3.Router` },
      },
    ],
    ...manager,
  };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: config }],
        ...filterChain,
      },
    ],
  };
}

/** What a route says about auth, under the name of the filter of `authListener`. */
export function selectChain(
  selection: { readonly chain: string } | { readonly public: { readonly reason: string } },
) {
  return { auth: { '@type': `${TYPE}authplane.v1.AuthChainPerRoute`, ...selection } };
}

/** A route of `routesTo`. */
export function authRoute(
  match: object,
  cluster: string,
  selection?: Parameters<typeof selectChain>[0],
): object {
  return {
    match,
    route: { cluster },
    ...(selection === undefined ? {} : { typed_per_filter_config: selectChain(selection) }),
  };
}

/** The route configuration `main` with one virtual host for every domain. */
export function authRoutes(routes: readonly object[]) {
  return { name: 'main', virtual_hosts: [{ name: 'all', domains: ['*'], routes }] };
}

/** A cluster with one endpoint on loopback. */
export function loopbackCluster(name: string, port: number, fields: object = {}) {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
    ...fields,
  };
}

/** The provider `idp`: issuer `https://idp.test`, audience `api`, keys in `jwks.json`. */
export function testProvider(fields: object = {}) {
  return {
    name: 'idp',
    issuer: 'https://idp.test',
    audiences: ['api'],
    jwks: { file: 'jwks.json' },
    ...fields,
  };
}

/** Claims that `testProvider` takes; valid for five minutes. */
export function testClaims(
  claims: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const exp = Math.floor(Date.now() / 1000) + 300;
  return { iss: 'https://idp.test', aud: 'api', sub: 'alice', exp, ...claims };
}
