import { jwksOf, type TokenKey } from './jwt.ts';

const FILTERS = 'type.googleapis.com/envoy.extensions.filters';
const RBAC = `${FILTERS}.http.rbac.v3.RBAC`;
const JWT = `${FILTERS}.http.jwt_authn.v3.JwtAuthentication`;

/** An edge proxy like the one in snapshots/, with what tests change as parameters. */
export interface EdgeOptions {
  readonly configSource: object;
  readonly tokenKey: TokenKey;
  readonly listeners: readonly EdgeListener[];
  /** EDS clusters, each with the port of its one endpoint. */
  readonly clusters: Readonly<Record<string, number>>;
  /** The cluster that all requests go to. */
  readonly routeTo: string;
  /** Methods that readers may use. Default: GET. */
  readonly methods?: readonly string[];
  /** Secret name to path of the PEM files without `.pem` and `.key`. */
  readonly certificates: Readonly<Record<string, string>>;
}

export interface EdgeListener {
  readonly name: string;
  readonly port: number;
  /** Secret with its certificate. */
  readonly secret: string;
  /** Value of the `server` header. Default: `edge`. */
  readonly serverName?: string;
}

/** The snapshot file, as an object. Every request needs a token with the role `reader`. */
export function edgeSnapshot(options: EdgeOptions) {
  const { configSource } = options;
  return {
    node: { clusters: ['edge'] },
    listeners: options.listeners.map(listener => edgeListener(listener, configSource)),
    routes: [
      {
        name: 'edge',
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, route: { cluster: options.routeTo } }],
          },
        ],
      },
    ],
    extension_configs: [jwtFilter(options.tokenKey), rbacFilter(options.methods ?? ['GET'])],
    clusters: Object.keys(options.clusters).map(name => ({
      name,
      type: 'EDS',
      connect_timeout: '1s',
      eds_cluster_config: { eds_config: configSource },
    })),
    endpoints: Object.entries(options.clusters).map(([name, port]) => ({
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }],
    })),
    certificates: Object.entries(options.certificates).map(([name, path]) => ({
      name,
      certificate_chain: `${path}.pem`,
      private_key: `${path}.key`,
    })),
  };
}

/** The filter `jwt`: tokens of this key, for issuer `https://idp.test` and audience `edge`. */
function jwtFilter(key: TokenKey) {
  return {
    name: 'jwt',
    typed_config: {
      '@type': JWT,
      providers: {
        idp: {
          issuer: 'https://idp.test',
          audiences: ['edge'],
          local_jwks: { inline_string: jwksOf([key]) },
          payload_in_metadata: 'claims',
        },
      },
      requirement_map: { token: { provider_name: 'idp' } },
      rules: [{ match: { prefix: '/' }, requirement_name: 'token' }],
    },
  };
}

/** The filter `rbac`: readers may use these methods. */
function rbacFilter(methods: readonly string[]) {
  const reader = {
    filter: 'envoy.filters.http.jwt_authn',
    path: [{ key: 'claims' }, { key: 'roles' }],
    value: { list_match: { one_of: { string_match: { exact: 'reader' } } } },
  };
  return {
    name: 'rbac',
    typed_config: {
      '@type': RBAC,
      rules: {
        action: 'ALLOW',
        policies: {
          readers: {
            permissions: methods.map(method => ({
              header: { name: ':method', string_match: { exact: method } },
            })),
            principals: [{ sourced_metadata: { metadata_matcher: reader } }],
          },
        },
      },
    },
  };
}

/** A token that the filters of `edgeSnapshot` let pass. */
export function readerToken(key: TokenKey): string {
  return key.sign({ iss: 'https://idp.test', aud: 'edge', sub: 'alice', roles: ['reader'] });
}

export function loopback(port: number) {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

/** An HTTP connection manager that takes its routes by RDS; the router is added after `filters`. */
export function httpConnectionManager(fields: object, filters: readonly object[] = []) {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'edge',
      http_filters: [
        ...filters,
        { name: 'envoy.filters.http.router', typed_config: { '@type': `${FILTERS}.http.router.v3.Router` } },
      ],
      ...fields,
    },
  };
}

function edgeListener(listener: EdgeListener, configSource: object) {
  const denyAll = { '@type': RBAC, rules: { action: 'ALLOW', policies: {} } };
  const discovered = (name: string, typeUrls: readonly string[]) => ({
    name,
    config_discovery: {
      config_source: configSource,
      type_urls: typeUrls,
      default_config: denyAll,
      apply_default_config_without_warming: true,
    },
  });
  const manager = httpConnectionManager(
    {
      server_name: listener.serverName ?? 'edge',
      normalize_path: true,
      rds: { route_config_name: 'edge', config_source: configSource },
    },
    [discovered('jwt', [JWT, RBAC]), discovered('rbac', [RBAC])],
  );
  return {
    name: listener.name,
    address: loopback(listener.port),
    filter_chains: [
      {
        filters: [manager],
        transport_socket: {
          name: 'envoy.transport_sockets.tls',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
            common_tls_context: {
              alpn_protocols: ['http/1.1'],
              tls_certificate_sds_secret_configs: [{ name: listener.secret, sds_config: configSource }],
            },
          },
        },
      },
    ],
  };
}
