import { expect } from 'chai';
import { codesOf, compile, linesOf } from '../../support/compile.ts';

const ADS = '{ads: {}, resource_api_version: V3}';
const JWT = 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3';
const ROUTER = '{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}';

function tcp(name: string, address: string, port: number, more = ''): string {
  return `- name: ${name}
  address: {socket_address: {address: "${address}", port_value: ${port}}}
  ${more}
  filter_chains:
  - filters:
    - name: tcp
      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: c}
`;
}
const CLUSTER = 'clusters: [{name: c, type: STATIC, load_assignment: {cluster_name: c}}]\n';

function http(name: string, port: number, filters: string, routes: string): string {
  return `- name: ${name}
  address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}
  filter_chains:
  - filters:
    - name: hcm
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: l
        ${routes}
        http_filters:
${filters}        - {name: router, typed_config: ${ROUTER}}
`;
}

function jwtFilter(name: string): string {
  return `        - name: ${name}
          typed_config:
            "@type": ${JWT}.JwtAuthentication
            providers: {p: {issuer: i, local_jwks: {filename: /etc/jwks.json}}}
            requirement_map: {need: {provider_name: p}}
`;
}
const RDS = `rds: {route_config_name: r, config_source: ${ADS}}`;

function routes(perFilter: string): string {
  return `routes:
- name: r
  virtual_hosts:
  - name: v
    domains: ["*"]
    routes:
    - match: {prefix: /}
      direct_response: {status: 200}
      typed_per_filter_config: ${perFilter}
`;
}

describe('checks over a group', () => {
  it('refuses two listeners on one address, also in different files', () => {
    const result = compile({
      'a.yaml': `listeners:\n${tcp('one', '127.0.0.1', 80)}${CLUSTER}`,
      'b.yaml': `listeners:\n${tcp('two', '127.0.0.1', 80)}`,
    });
    expect(linesOf(result)).to.deep.equal([
      'b.yaml:3:3 error listener "two" has the same address 127.0.0.1:80 as listener "one" at a.yaml:2 [AP1403]',
    ]);
  });

  it('lets listeners share port 0 when they bind, and warns of overlap with all addresses', () => {
    const of = (...listeners: string[]): readonly string[] =>
      codesOf(compile(`listeners:\n${listeners.join('')}${CLUSTER}`));
    expect(of(tcp('a', '127.0.0.1', 0), tcp('b', '127.0.0.1', 0))).to.deep.equal([]);
    const unbound = 'bind_to_port: false';
    expect(of(tcp('a', '127.0.0.1', 0, unbound), tcp('b', '127.0.0.1', 0, unbound))).to.deep.equal([
      'AP1403',
    ]);
    expect(of(tcp('a', '0.0.0.0', 80), tcp('b', '127.0.0.1', 80))).to.deep.equal(['AP1404']);
    expect(of(tcp('a', '127.0.0.2', 80), tcp('b', '127.0.0.1', 80))).to.deep.equal([]);
  });

  it('refuses per-route configuration for a filter that a listener with these routes does not have', () => {
    const disable =
      '{jwtt: {"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}}';
    const result = compile(`listeners:\n${http('l', 80, jwtFilter('jwt'), RDS)}${routes(disable)}`);
    expect(linesOf(result)).to.deep.equal([
      'a.yaml:26:33 error listener "l" (a.yaml:2), which uses these routes, has no filter "jwtt"; did you mean "jwt"? [AP1601]',
    ]);
    const shared = disable.replace('jwtt', 'jwt');
    expect(
      codesOf(compile(`listeners:\n${http('l', 80, jwtFilter('jwt'), RDS)}${routes(shared)}`)),
    ).to.deep.equal([]);
    const twoListeners = http('l', 80, jwtFilter('jwt'), RDS) + http('m', 81, '', RDS);
    expect(codesOf(compile(`listeners:\n${twoListeners}${routes(shared)}`))).to.deep.equal(['AP1601']);
    const optional = shared.replace('disabled: true', 'is_optional: true, disabled: true');
    expect(codesOf(compile(`listeners:\n${twoListeners}${routes(optional)}`))).to.deep.equal([]);
  });

  it('knows filters that come by ECDS and those nested in filter chains', () => {
    const chain = 'type.googleapis.com/envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig';
    const rbac = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3';
    const slot = `        - name: auth
          config_discovery:
            config_source: ${ADS}
            type_urls: [${chain}]
            default_config:
              "@type": ${chain}
              default_filter_chain: {filters: [{name: deny, typed_config: {"@type": ${rbac}.RBAC, rules: {action: ALLOW, policies: {}}}}]}
            apply_default_config_without_warming: true
`;
    const extension = `extension_configs:
- name: auth
  typed_config:
    "@type": ${chain}
    default_filter_chain:
      filters:
      - name: api/jwt
        typed_config:
          "@type": ${JWT}.JwtAuthentication
          providers: {p: {issuer: i, local_jwks: {filename: /etc/jwks.json}}}
          requirement_map: {need: {provider_name: p}}
`;
    const text = (requirement: string): string =>
      `listeners:\n${http('l', 80, slot, RDS)}${extension}${routes(
        `{api/jwt: {"@type": ${JWT}.PerRouteConfig, requirement_name: ${requirement}}}`,
      )}`;
    expect(linesOf(compile(text('need')))).to.deep.equal([]);
    expect(codesOf(compile(text('other')))).to.deep.equal(['AP1308']);
  });

  it('refuses a JWT requirement that the filter does not have', () => {
    const use = `{jwt: {"@type": ${JWT}.PerRouteConfig, requirement_name: neeed}}`;
    const result = compile(`listeners:\n${http('l', 80, jwtFilter('jwt'), RDS)}${routes(use)}`);
    expect(linesOf(result)).to.deep.equal([
      'a.yaml:26:33 error filter "jwt" has no requirement "neeed"; did you mean "need"? [AP1308]',
    ]);
  });

  it('refuses a route that lets the client pick the host of a reverse tunnel', () => {
    const text = (more: string): string => `listeners:
${http('l', 80, '', `route_config: {name: r, virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: edges}${more}}]}]}`)}
clusters:
- name: edges
  lb_policy: CLUSTER_PROVIDED
  cluster_type:
    name: envoy.clusters.reverse_connection
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.clusters.reverse_connection.v3.ReverseConnectionClusterConfig
      host_id_format: "%REQ(x-edge)%"
  transport_socket:
    name: tls
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
      common_tls_context: {validation_context: {trusted_ca: {filename: /etc/ca.pem}}}
`;
    const set = (action: string): string =>
      `, request_headers_to_add: [{header: {key: X-Edge, value: e1}, append_action: ${action}}]`;
    expect(codesOf(compile(text('')))).to.deep.equal(['AP1606']);
    expect(codesOf(compile(text(set('APPEND_IF_EXISTS_OR_ADD'))))).to.deep.equal(['AP1606']);
    expect(codesOf(compile(text(set('OVERWRITE_IF_EXISTS_OR_ADD'))))).to.deep.equal([]);
  });
});
