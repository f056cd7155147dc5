import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { SECRET } from '../../src/resources/type-url.ts';
import { resourcesOf } from '../../src/resources/snapshot.ts';
import { codesOf, compile, linesOf, snapshotOf } from '../support/compile.ts';
import { decodeResource } from '../support/decode-resource.ts';

describe('secrets made of files', () => {
  const authority = CertificateAuthority.create();
  const other = CertificateAuthority.create('other');
  const pair = authority.issue({ dnsNames: ['edge.test'] });
  const ticketKeys = [randomBytes(80), randomBytes(80)] as const;
  const assets = {
    '/tls/tls.crt': pair.chainPem,
    '/tls/tls.key': pair.privateKeyPem,
    '/tls/ca.crt': authority.certificatePem,
    '/other.pem': other.certificatePem,
    '/new.key': ticketKeys[0],
    '/old.key': ticketKeys[1],
    '/client-secret': 'a secret\n',
    '/empty': '\n',
  };
  const inline = (bytes: string | Uint8Array): object => ({
    inline_bytes: Buffer.from(bytes).toString('base64'),
  });

  function secretOf(text: string, name: string): unknown {
    const secret = resourcesOf(snapshotOf(compile(text, { assets })), SECRET).find(name);
    return secret === undefined ? undefined : decodeResource(secret);
  }

  it('are certificates and CAs in the layout of Kubernetes and cert-manager', () => {
    const text =
      'certificates: [{name: a, directory: ../tls}]\ntrust_bundles: [{name: b, directory: ../tls}]\n';
    expect(secretOf(text, 'a')).to.deep.equal({
      name: 'a',
      tls_certificate: { certificate_chain: inline(pair.chainPem), private_key: inline(pair.privateKeyPem) },
    });
    expect(secretOf(text, 'b')).to.deep.equal({
      name: 'b',
      validation_context: { trusted_ca: inline(authority.certificatePem) },
    });
  });

  it('are the CAs of several SPIFFE trust domains, each for its own, with the names that count', () => {
    const text = `
trust_bundles:
- name: mesh
  spiffe_bundles:
  - {trust_domain: a.test, trusted_ca: ../tls/ca.crt}
  - {trust_domain: b.test, trusted_ca: ../other.pem}
  subject_alt_names: [{san_type: URI, matcher: {prefix: "spiffe://a.test/edge/"}}]
`;
    const type = 'envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';
    expect(secretOf(text, 'mesh')).to.deep.equal({
      name: 'mesh',
      validation_context: {
        match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: 'spiffe://a.test/edge/' } }],
        custom_validator_config: {
          name: 'envoy.tls.cert_validator.spiffe',
          typed_config: {
            '@type': `type.googleapis.com/${type}`,
            trust_domains: [
              { name: 'a.test', trust_bundle: inline(authority.certificatePem) },
              { name: 'b.test', trust_bundle: inline(other.certificatePem) },
            ],
          },
        },
      },
    });
  });

  it('are ticket keys in their order, and other secrets without the line break of the file', () => {
    const text =
      'session_ticket_keys: [{name: tickets, keys: [/new.key, /old.key]}]\n' +
      'generic_secrets: [{name: oauth, file: /client-secret}]\n';
    expect(secretOf(text, 'tickets')).to.deep.equal({
      name: 'tickets',
      session_ticket_keys: { keys: ticketKeys.map(inline) },
    });
    expect(secretOf(text, 'oauth')).to.deep.equal({
      name: 'oauth',
      generic_secret: { secret: inline('a secret') },
    });
  });

  it('are refused when their files cannot be what they should be, without quoting them', () => {
    const text = `
session_ticket_keys: [{name: tickets, keys: [/client-secret]}]
generic_secrets: [{name: none, file: /empty}, {name: gone, file: /gone}]
trust_bundles: [{name: mesh, crl: /tls/ca.crt, spiffe_bundles: [{trust_domain: a.test, trusted_ca: /empty}]}]
`;
    const lines = linesOf(compile(text, { assets })).filter(line => line.includes(' error '));
    expect(lines).to.deep.equal([
      'a.yaml:2:23 error /client-secret has 9 bytes; a session ticket key has 80 [AP1520]',
      'a.yaml:3:19 error /empty is empty [AP1521]',
      'a.yaml:3:47 error /gone does not exist [AP1501]',
      'a.yaml:4:17 error /empty is empty [AP1502]',
      'a.yaml:4:17 error trust bundle "mesh" has a crl and SPIFFE trust domains; the list would not be used [AP1518]',
    ]);
  });

  it('name their files in one way', () => {
    const both = 'certificates: [{name: a, directory: /tls, private_key: /tls/tls.key}]\n';
    const two = 'trust_bundles: [{name: b, directory: /tls, trusted_ca: /other.pem}]\n';
    const bundle = '{trust_domain: a.test, trusted_ca: /other.pem}';
    const domains = `trust_bundles: [{name: b, spiffe_trust_domain: a.test, spiffe_bundles: [${bundle}]}]\n`;
    for (const text of [both, two, domains, 'certificates: [{name: a}]\n', 'trust_bundles: [{name: b}]\n']) {
      expect(codesOf(compile(text, { assets })), text).to.deep.equal(['AP1519']);
    }
  });
});

describe('grants', () => {
  const secret = (name: string): string => `{name: ${name}, generic_secret: {secret: {inline_string: x}}}`;
  const listener = (name: string): string => `
listeners:
- name: l
  address: {socket_address: {address: 127.0.0.1, port_value: 1}}
  filter_chains:
  - filters: [{name: t, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: c}}]
    transport_socket:
      name: tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
        common_tls_context:
          tls_certificate_sds_secret_configs: [{name: ${name}, sds_config: {ads: {}, resource_api_version: V3}}]
clusters: [{name: c, type: STATIC, connect_timeout: 1s}]
`;
  const grantsOf = (text: string): object => Object.fromEntries(snapshotOf(compile(text, { assets })).grants);
  const pair = CertificateAuthority.create().issue({ dnsNames: ['a'] });
  const assets = { '/tls/tls.crt': pair.chainPem, '/tls/tls.key': pair.privateKeyPem };
  const certificate = (rest: string): string => `certificates: [{name: tls, directory: /tls${rest}}]\n`;

  it('are for all proxies of the group that refer to a secret, unless it says otherwise', () => {
    expect(grantsOf(certificate('') + listener('tls'))).to.deep.equal({});
    const grant = ', grant: {spiffe: ["spiffe://a.test/*"], groups: [edge]}';
    expect(grantsOf(certificate(grant) + listener('tls'))).to.deep.equal({
      tls: { spiffe: ['spiffe://a.test/*'], groups: ['edge'] },
    });
  });

  it('are for all proxies also when they ask over a stream of its own', () => {
    const source =
      'api_config_source: {api_type: GRPC, transport_api_version: V3, grpc_services: [{envoy_grpc: {cluster_name: xds}}]}';
    const text = listener('tls').replace('ads: {}', source);
    expect(grantsOf(certificate('') + text)).to.deep.equal({});
  });

  it('are for nobody when nothing refers to the secret, and that is said', () => {
    const nobody = { tls: { spiffe: [], groups: [] } };
    expect(grantsOf(certificate(''))).to.deep.equal(nobody);
    expect(codesOf(compile(certificate(''), { assets }))).to.deep.equal(['AP1313']);
  });

  it('are written beside secrets in the form of Envoy', () => {
    const text = `secrets: [${secret('s')}]\nsecret_grants: [{name: s, grant: {groups: [edge]}}]\n`;
    expect(grantsOf(text)).to.deep.equal({ s: { spiffe: [], groups: ['edge'] } });
  });

  it('change the version of the snapshot, though no resource changes', () => {
    const [a, b] = ['a', 'b'].map(group =>
      snapshotOf(compile(certificate(`, grant: {groups: [${group}]}`), { assets })),
    );
    expect(a?.version).to.not.equal(b?.version);
    expect(a?.resources.get(SECRET)?.version).to.equal(b?.resources.get(SECRET)?.version);
  });

  it('are refused when they are for nobody, for no secret, or the second for one', () => {
    const twice = 'secret_grants: [{name: s, grant: {groups: [a]}}, {name: s, grant: {groups: [b]}}]';
    expect(codesOf(compile(`secrets: [${secret('s')}]\n${twice}\n`))).to.deep.equal(['AP1523']);
    expect(
      codesOf(compile(`secrets: [${secret('s')}]\nsecret_grants: [{name: t, grant: {groups: [a]}}]\n`)),
    ).to.have.members(['AP1523', 'AP1313']);
    expect(codesOf(compile(certificate(', grant: {}'), { assets }))).to.deep.equal(['AP1522']);
    expect(codesOf(compile(certificate(', grant: {spiffe: [edge]}'), { assets }))).to.deep.equal(['AP1201']);
  });
});
