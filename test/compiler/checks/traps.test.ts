import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { expect } from 'chai';
import { codesOf, compile } from '../../support/compile.ts';
import {
  authority,
  certificate,
  extension,
  FILTERS,
  httpListener,
  socket,
  staticCluster,
  TLS,
  trustedCa,
} from '../../support/differential/base-parts.ts';

const RBAC = `${FILTERS}.http.rbac.v3.RBAC`;
const ADS = { ads: {}, resource_api_version: 'V3' };

function codes(file: JsonObject): readonly string[] {
  return codesOf(compile(JSON.stringify({ clusters: [staticCluster('a-0')], ...file })));
}

function withFilter(filter: JsonValue): JsonObject {
  return { listeners: [httpListener(0, {}, [filter])] };
}

function tlsListener(type: JsonObject, context: JsonObject): JsonObject {
  const transport_socket = extension('tls', `${TLS}.DownstreamTlsContext`, {
    ...type,
    common_tls_context: { tls_certificates: [certificate], ...context },
  });
  return { listeners: [httpListener(0, {}, [], { transport_socket })] };
}

function tlsCluster(context: JsonObject): JsonObject {
  const transport_socket = extension('tls', `${TLS}.UpstreamTlsContext`, { common_tls_context: context });
  return { clusters: [staticCluster('a-0', { transport_socket })] };
}

describe('traps', () => {
  it('warns of a filter by ECDS that keeps its listener waiting, and refuses a default that lets requests pass', () => {
    const discovered = (more: JsonObject): JsonObject => ({
      ...withFilter({ name: 'rbac', config_discovery: { config_source: ADS, type_urls: [RBAC], ...more } }),
      extension_configs: [extension('rbac', RBAC, { rules: { action: 'ALLOW', policies: {} } })],
    });
    const deny = { '@type': RBAC, rules: { action: 'ALLOW', policies: {} } };
    expect(codes(discovered({}))).to.deep.equal(['AP1602']);
    expect(codes(discovered({ default_config: deny }))).to.deep.equal(['AP1602']);
    const atOnce = { apply_default_config_without_warming: true };
    expect(codes(discovered({ default_config: deny, ...atOnce }))).to.deep.equal([]);
    expect(codes(discovered({ default_config: { '@type': RBAC }, ...atOnce }))).to.deep.equal(['AP1619']);
    const any = { permissions: [{ any: true }], principals: [{ any: true }] };
    const open = { '@type': RBAC, rules: { action: 'ALLOW', policies: { any } } };
    expect(codes(discovered({ default_config: open, ...atOnce }))).to.deep.equal(['AP1619']);
  });

  it('warns of authorisation that gives way when its service fails', () => {
    const service = { transport_api_version: 'V3', grpc_service: { envoy_grpc: { cluster_name: 'a-0' } } };
    const filter = extension('ea', `${FILTERS}.http.ext_authz.v3.ExtAuthz`, {
      ...service,
      failure_mode_allow: true,
    });
    expect(codes(withFilter(filter))).to.deep.equal(['AP1609']);
  });

  it('refuses TLS 1.3 as the minimum of an upstream that ends at 1.2', () => {
    const validation = { validation_context: { trusted_ca: trustedCa } };
    const of = (tls_params: JsonObject): readonly string[] =>
      codes(tlsCluster({ ...validation, tls_params }));
    expect(of({ tls_minimum_protocol_version: 'TLSv1_3' })).to.deep.equal(['AP1603']);
    expect(
      of({ tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' }),
    ).to.deep.equal([]);
    expect(of({ tls_minimum_protocol_version: 'TLSv1_2' })).to.deep.equal([]);
  });

  it('warns of an upstream whose certificate is not verified', () => {
    expect(codes(tlsCluster({}))).to.deep.equal(['AP1618']);
    expect(codes(tlsCluster({ validation_context: {} }))).to.deep.equal(['AP1618']);
  });

  it('refuses to demand client certificates that nothing verifies', () => {
    const demand = { require_client_certificate: true };
    expect(codes(tlsListener(demand, {}))).to.deep.equal(['AP1616']);
    expect(codes(tlsListener(demand, { validation_context: {} }))).to.deep.equal(['AP1616']);
    expect(codes(tlsListener(demand, { validation_context: { trusted_ca: trustedCa } }))).to.deep.equal([]);
  });

  it('warns of settings that weaken verification', () => {
    const of = (more: JsonObject): readonly string[] =>
      codes(tlsListener({}, { validation_context: { trusted_ca: trustedCa, ...more } }));
    expect(of({ trust_chain_verification: 'ACCEPT_UNTRUSTED' })).to.deep.equal(['AP1617']);
    expect(of({ allow_expired_certificate: true })).to.deep.equal(['AP1617']);
  });

  it('refuses one set of CAs for several SPIFFE trust domains', () => {
    const names = (...domains: readonly string[]): JsonValue[] =>
      domains.map(domain => ({ san_type: 'URI', matcher: { prefix: `spiffe://${domain}/` } }));
    const of = (...domains: readonly string[]): readonly string[] =>
      codes(
        tlsListener(
          {},
          { validation_context: { trusted_ca: trustedCa, match_typed_subject_alt_names: names(...domains) } },
        ),
      );
    expect(of('a.test', 'a.test')).to.deep.equal([]);
    expect(of('a.test', 'b.test')).to.deep.equal(['AP1608']);
  });

  it('judges certificates and lists that stand in a resource like those in files', () => {
    const other = authority.issue();
    const mismatch = { ...certificate, private_key: { inline_string: other.privateKeyPem } };
    expect(codes(tlsListener({}, { tls_certificates: [mismatch] }))).to.deep.equal(['AP1505']);
    const stale = authority.revocationList([], { notAfter: new Date(Date.now() - 1000) });
    const context = { trusted_ca: trustedCa, crl: { inline_string: stale } };
    expect(codes(tlsListener({}, { validation_context: context }))).to.deep.equal(['AP1514']);
    const secrets = [{ name: 'ca', validation_context: context }];
    expect(codes({ secrets })).to.deep.equal(['AP1313', 'AP1514']);
  });

  it('refuses upgrades that go around the filters of the listener', () => {
    const upgrade = {
      upgrade_type: 'websocket',
      filters: [extension('r', `${FILTERS}.http.router.v3.Router`)],
    };
    expect(codes({ listeners: [httpListener(0, { upgrade_configs: [upgrade] }, [])] })).to.deep.equal([
      'AP1613',
    ]);
  });

  it('refuses a reverse tunnel without inner TLS at either end', () => {
    const listener = httpListener(0, {}, []);
    const address = {
      socket_address: {
        address: 'rc://n:c:t@a-0:1',
        port_value: 0,
        resolver_name: 'envoy.resolvers.reverse_connection',
      },
    };
    expect(codes({ listeners: [{ ...listener, address }] })).to.deep.equal(['AP1604']);
    const config = { host_id_format: '%REQ(x-edge)%' };
    const type =
      'type.googleapis.com/envoy.extensions.clusters.reverse_connection.v3.ReverseConnectionClusterConfig';
    const cluster = {
      name: 'edges',
      lb_policy: 'CLUSTER_PROVIDED',
      cluster_type: extension('rc', type, config),
    };
    expect(codes({ clusters: [cluster] })).to.deep.equal(['AP1604']);
  });

  it('refuses a tunnel whose node id is not bound to the certificate', () => {
    const listener = (validation: JsonObject): JsonObject => {
      const filter = extension('rt', `${FILTERS}.network.reverse_tunnel.v3.ReverseTunnel`, { validation });
      return { listeners: [{ name: 'rt', address: socket(1), filter_chains: [{ filters: [filter] }] }] };
    };
    expect(codes(listener({}))).to.deep.equal(['AP1605']);
    expect(codes(listener({ node_id_format: '%DOWNSTREAM_REMOTE_ADDRESS%' }))).to.deep.equal(['AP1605']);
    expect(codes(listener({ node_id_format: '%DOWNSTREAM_PEER_DNS_SAN%' }))).to.deep.equal([]);
  });
});
