import { expect } from 'chai';
import { codesOf, compile, linesOf } from '../../support/compile.ts';

const ADS = '{ads: {}, resource_api_version: V3}';
const STATIC = (name: string): string =>
  `- {name: ${name}, type: STATIC, connect_timeout: 1s, load_assignment: {cluster_name: ${name}}}\n`;

/** A listener with one HTTP connection manager; `manager` is YAML flow content that is added to it. */
function listener(manager: string, filters = ''): string {
  return `listeners:
- name: l
  address: {socket_address: {address: 127.0.0.1, port_value: 8080}}
  filter_chains:
  - filters:
    - name: hcm
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: l
        ${manager}
        http_filters:
${filters}        - name: router
          typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`;
}

const ROUTES = (route: string): string =>
  `route_config: {name: r, virtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /}, ${route}}]}]}`;

describe('references', () => {
  it('finds an unknown cluster in a route, with its line and the name that was meant', () => {
    const result = compile(`${listener(ROUTES('route: {cluster: backnd}'))}clusters:\n${STATIC('backend')}`);
    expect(linesOf(result)).to.deep.equal([
      'a.yaml:10:113 error unknown cluster "backnd"; did you mean "backend"? [AP1301]',
    ]);
  });

  const places: Readonly<Record<string, string>> = {
    'a weighted cluster': listener(
      ROUTES('route: {weighted_clusters: {clusters: [{name: nope, weight: 1}]}}'),
    ),
    'a mirror policy': listener(ROUTES('route: {cluster: a, request_mirror_policies: [{cluster: nope}]}')),
    'an ext_authz service': listener(
      ROUTES('route: {cluster: a}'),
      `        - name: ea
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
            transport_api_version: V3
            grpc_service: {envoy_grpc: {cluster_name: nope}}
`,
    ),
    'a remote JWKS': listener(
      ROUTES('route: {cluster: a}'),
      `        - name: jwt
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
            providers:
              p: {issuer: i, remote_jwks: {http_uri: {uri: "http://x/jwks", cluster: nope, timeout: 1s}}}
`,
    ),
    'an access log': listener(`${ROUTES('route: {cluster: a}')}
        access_log:
        - name: g
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig
            common_config: {log_name: l, transport_api_version: V3, grpc_service: {envoy_grpc: {cluster_name: nope}}}`),
  };
  for (const [place, text] of Object.entries(places)) {
    it(`finds an unknown cluster in ${place}`, () => {
      expect(codesOf(compile(`${text}clusters:\n${STATIC('a')}`))).to.deep.equal(['AP1301']);
    });
  }

  it('finds an unknown cluster of a tcp_proxy and of an aggregate', () => {
    const text = `
listeners:
- name: t
  address: {socket_address: {address: 127.0.0.1, port_value: 8080}}
  filter_chains:
  - filters:
    - name: tcp
      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: nope}
clusters:
- name: agg
  connect_timeout: 1s
  lb_policy: CLUSTER_PROVIDED
  cluster_type:
    name: envoy.clusters.aggregate
    typed_config: {"@type": type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig, clusters: [gone]}
`;
    expect(linesOf(compile(text)).map(line => line.split(' error ')[1])).to.deep.equal([
      'unknown cluster "nope" [AP1301]',
      'unknown cluster "gone" [AP1301]',
    ]);
  });

  it('takes the cluster from a header and the cluster of another xDS server as they are', () => {
    const other =
      '{api_config_source: {api_type: GRPC, transport_api_version: V3, grpc_services: [{envoy_grpc: {cluster_name: boot}}]}}';
    expect(codesOf(compile(listener(ROUTES('route: {cluster_header: x-c}'))))).to.deep.equal([]);
    expect(codesOf(compile(listener(`rds: {route_config_name: r, config_source: ${other}}`)))).to.deep.equal(
      [],
    );
  });

  it('wants endpoints for every EDS cluster under its service name', () => {
    const cluster = `clusters:\n- {name: c, type: EDS, eds_cluster_config: {service_name: service, eds_config: ${ADS}}}\n`;
    expect(codesOf(compile(cluster))).to.deep.equal(['AP1302']);
    expect(codesOf(compile(`${cluster}endpoints: [{cluster_name: service}]`))).to.deep.equal([]);
    expect(linesOf(compile(`${cluster}endpoints: [{cluster_name: c}]`))).to.deep.equal([
      'a.yaml:2:45 error unknown endpoints "service" [AP1302]',
      'a.yaml:3:13 warning no cluster of type EDS asks for endpoints "c" [AP1310]',
    ]);
  });

  it('wants the route configuration of an RDS listener and warns of one that nothing asks for', () => {
    const text = listener(`rds: {route_config_name: main, config_source: ${ADS}}`);
    expect(codesOf(compile(text))).to.deep.equal(['AP1303']);
    expect(codesOf(compile(`${text}routes: [{name: main}, {name: spare}]`))).to.deep.equal(['AP1311']);
  });

  it('wants secrets by ADS, of the right kind, and leaves secrets of the node alone', () => {
    const tls = (source: string): string => `clusters:
- name: c
  type: STATIC
  load_assignment: {cluster_name: c}
  transport_socket:
    name: tls
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
      common_tls_context:
        validation_context_sds_secret_config: {name: ca${source}}
`;
    const byAds = tls(`, sds_config: ${ADS}`);
    expect(codesOf(compile(byAds))).to.deep.equal(['AP1304']);
    const generic = 'secrets: [{name: ca, generic_secret: {secret: {inline_string: x}}}]';
    expect(codesOf(compile(byAds + generic))).to.deep.equal(['AP1307']);
    const context = 'secrets: [{name: ca, validation_context: {trusted_ca: {filename: /etc/ca.pem}}}]';
    expect(codesOf(compile(byAds + context))).to.deep.equal([]);
    expect(codesOf(compile(tls(', sds_config: {path_config_source: {path: /etc/ca.yaml}}')))).to.deep.equal(
      [],
    );
    expect(codesOf(compile(tls('') + context))).to.deep.equal(['AP1306', 'AP1313']);
  });

  it('wants extension configurations, of a type that the filter lists', () => {
    const rbac = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
    const filter = `        - name: guard
          config_discovery:
            config_source: ${ADS}
            type_urls: [${rbac}]
            default_config: {"@type": ${rbac}, rules: {action: ALLOW, policies: {}}}
            apply_default_config_without_warming: true
`;
    const text = listener(ROUTES('direct_response: {status: 200}'), filter);
    expect(codesOf(compile(text))).to.deep.equal(['AP1305']);
    const extension = (type: string): string =>
      `extension_configs: [{name: guard, typed_config: {"@type": "${type}"}}]\n`;
    expect(codesOf(compile(text + extension(rbac)))).to.deep.equal(['AP1620']);
    const cors = 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors';
    expect(codesOf(compile(text + extension(cors)))).to.deep.equal(['AP1307']);
    expect(codesOf(compile(extension(cors)))).to.deep.equal(['AP1312']);
  });

  it('refuses two config sources for one name', () => {
    const cluster = (name: string, source: string): string =>
      `- {name: ${name}, type: EDS, eds_cluster_config: {service_name: s, eds_config: ${source}}}\n`;
    const slow = '{ads: {}, resource_api_version: V3, initial_fetch_timeout: 4s}';
    const slower = slow.replace('4s', '5s');
    const endpoints = 'endpoints: [{cluster_name: s}]\n';
    const both = (a: string, b: string): readonly string[] =>
      codesOf(compile(`clusters:\n${cluster('a', a)}${cluster('b', b)}${endpoints}`));
    expect(both(ADS, ADS)).to.deep.equal([]);
    expect(both(slow, slow)).to.deep.equal([]);
    expect(both(ADS, slow)).to.deep.equal(['AP1405']);
    expect(both(slow, slower)).to.deep.equal(['AP1405']);
  });
});
