import type { JsonObject } from '@bufbuild/protobuf';
import { expect } from 'chai';
import { makeResource } from '../../src/resources/frame.ts';
import { resourcesOf, type Snapshot } from '../../src/resources/snapshot.ts';
import { CLUSTER, ENDPOINTS, LISTENER, SECRET } from '../../src/resources/type-url.ts';
import { compileGroup } from '../../src/compiler/compile-group.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { checked, codesOf, compile, linesOf, snapshotOf } from '../support/compile.ts';
import { decodeResource } from '../support/decode-resource.ts';
import { testSchema } from '../support/schema.ts';

const CLUSTER_A = `
clusters:
- {name: a, type: STATIC, connect_timeout: 1s, load_assignment: {cluster_name: a}}
`;
const EDS_B = `
clusters:
- name: b
  type: EDS
  eds_cluster_config: {eds_config: {ads: {}, resource_api_version: V3}}
endpoints:
- {cluster_name: b}
`;

describe('compileGroup', () => {
  it('unites the resources of all files of a group', () => {
    const snapshot = snapshotOf(compile({ 'b.yaml': EDS_B, 'a.yaml': CLUSTER_A }));
    expect([...resourcesOf(snapshot, CLUSTER).byName.keys()]).to.deep.equal(['a', 'b']);
    expect([...resourcesOf(snapshot, ENDPOINTS).byName.keys()]).to.deep.equal(['b']);
    expect(snapshot.nodeGroup).to.equal('a.yaml,b.yaml');
  });

  it('gives the same version whatever the order of files and keys', () => {
    const one = snapshotOf(compile({ 'a.yaml': CLUSTER_A, 'b.yaml': EDS_B }));
    const other = snapshotOf(compile({ 'b.yaml': EDS_B, 'a.yaml': `# a comment${CLUSTER_A}` }));
    expect(other.version).to.equal(one.version);
  });

  it('refuses a name that is defined twice and names both places', () => {
    const result = compile({ 'a.yaml': CLUSTER_A, 'b.yaml': CLUSTER_A });
    expect(linesOf(result)).to.deep.equal([
      'b.yaml:3:3 error "a" is defined twice (clusters); the other definition is at a.yaml:3 [AP1401]',
    ]);
  });

  it('takes the pinned version of any file and refuses two different ones', () => {
    const pinned = `version: r1\n${CLUSTER_A}`;
    expect(snapshotOf(compile({ 'a.yaml': pinned, 'b.yaml': EDS_B })).pinnedVersion).to.equal('r1');
    expect(
      snapshotOf(compile({ 'a.yaml': pinned, 'b.yaml': `version: r1\n${EDS_B}` })).pinnedVersion,
    ).to.equal('r1');
    expect(codesOf(compile({ 'a.yaml': pinned, 'b.yaml': `version: r2\n${EDS_B}` }))).to.deep.equal([
      'AP1402',
    ]);
  });

  it('keeps the set of a type whose content did not change', () => {
    const before = snapshotOf(compile({ 'a.yaml': CLUSTER_A, 'b.yaml': EDS_B }));
    const changed = CLUSTER_A.replace('1s', '2s');
    const after = snapshotOf(compile({ 'a.yaml': changed, 'b.yaml': EDS_B }, { previous: before }));
    expect(resourcesOf(after, ENDPOINTS)).to.equal(resourcesOf(before, ENDPOINTS));
    expect(resourcesOf(after, CLUSTER)).to.not.equal(resourcesOf(before, CLUSTER));
    expect(after.version).to.not.equal(before.version);
  });

  it('reports the errors of the files and of the group together, sorted by place', () => {
    const result = compile({
      'a.yaml': CLUSTER_A.replace('connect_timeout', 'connect_timout'),
      'b.yaml': `${EDS_B}- {cluster_name: b}\n`,
    });
    expect(codesOf(result)).to.deep.equal(['AP1101', 'AP1401']);
  });

  it('does not report references while a file with errors may hold what they name', () => {
    const route = `
routes:
- name: r
  virtual_hosts:
  - {name: v, domains: ['*'], routes: [{match: {prefix: /}, route: {cluster: a}}]}
`;
    expect(codesOf(compile({ 'a.yaml': 'clusters: [{nam: a}]', 'b.yaml': route }))).to.deep.equal(['AP1101']);
  });

  it('compiles 10,000 clusters in less than 150 ms once they are checked', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `c${i}`);
    const resources = names.flatMap((name, line) => {
      const body = Buffer.from(name.repeat(20));
      const origin = { file: 'a.yaml', line, column: 1, path: ['clusters', line] };
      const reference = { kind: 'endpoints', name, path: [...origin.path, 'name'], line, column: 1 } as const;
      return [
        {
          resource: makeResource({ typeUrl: CLUSTER, name, body, origin }),
          facts: { references: [reference] },
        },
        { resource: makeResource({ typeUrl: ENDPOINTS, name, body, origin }), facts: { references: [] } },
      ];
    });
    const file = { ...checked('a.yaml', CLUSTER_A), resources };
    const input = { files: [file], assets: new Map(), nowMs: 0, schema: testSchema() };
    const timesMs = Array.from({ length: 5 }, () => {
      const startMs = performance.now();
      expect(compileGroup(input).ok).to.equal(true);
      return performance.now() - startMs;
    });
    // The best of five: other processes share the machine.
    expect(Math.min(...timesMs)).to.be.lessThan(150);
  });
});

describe('compileGroup with certificates', () => {
  const authority = CertificateAuthority.create();
  const pair = authority.issue({ commonName: 'test', dnsNames: ['edge.test'] });
  const certificates = `
certificates:
- {name: edge, certificate_chain: ../certs/edge.pem, private_key: ../certs/edge.key, grant: {groups: ['*']}}
`;
  const trustBundle = `
trust_bundles:
- {name: clients, trusted_ca: ../certs/ca.pem, crl: ../certs/ca.crl, grant: {groups: ['*']}}
`;
  const assets = {
    '/certs/edge.pem': pair.chainPem,
    '/certs/edge.key': pair.privateKeyPem,
    '/certs/ca.pem': authority.certificatePem,
    '/certs/ca.crl': authority.revocationList(),
  };

  function secretJson(snapshot: Snapshot, name: string): JsonObject {
    const resource = resourcesOf(snapshot, SECRET).byName.get(name);
    if (resource === undefined) throw new Error(`no secret ${name}`);
    return decodeResource(resource);
  }

  it('makes secrets of certificates and trust bundles, with the bytes inline', () => {
    const snapshot = snapshotOf(compile(certificates + trustBundle, { assets }));
    expect(secretJson(snapshot, 'edge')).to.deep.equal({
      name: 'edge',
      tls_certificate: {
        certificate_chain: { inline_bytes: Buffer.from(pair.chainPem).toString('base64') },
        private_key: { inline_bytes: Buffer.from(pair.privateKeyPem).toString('base64') },
      },
    });
    expect(secretJson(snapshot, 'clients')).to.deep.equal({
      name: 'clients',
      validation_context: {
        trusted_ca: { inline_bytes: Buffer.from(authority.certificatePem).toString('base64') },
        crl: { inline_bytes: Buffer.from(assets['/certs/ca.crl']).toString('base64') },
      },
    });
  });

  it('binds a trust bundle with a SPIFFE trust domain to that domain', () => {
    const bundle = `
trust_bundles:
- {name: clients, trusted_ca: ../certs/ca.pem, spiffe_trust_domain: edge.test}
`;
    const { validation_context: context } = secretJson(snapshotOf(compile(bundle, { assets })), 'clients');
    expect(context).to.deep.equal({
      custom_validator_config: {
        name: 'envoy.tls.cert_validator.spiffe',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig',
          trust_domains: [
            {
              name: 'edge.test',
              trust_bundle: { inline_bytes: Buffer.from(authority.certificatePem).toString('base64') },
            },
          ],
        },
      },
    });
  });

  it('refuses a revocation list that the SPIFFE validator would not read', () => {
    const bundle = trustBundle.replace('}}', '}, spiffe_trust_domain: edge.test}');
    expect(codesOf(compile(bundle, { assets }))).to.deep.equal(['AP1518']);
  });

  it('reports every file that is missing, half-written or mismatched at its entry', () => {
    const other = authority.issue();
    const result = compile(
      `${certificates}- {name: gone, certificate_chain: gone.pem, private_key: ../certs/edge.key, grant: {groups: [x]}}\n${trustBundle}`,
      {
        assets: {
          ...assets,
          '/certs/edge.key': other.privateKeyPem,
          '/certs/ca.pem': authority.certificatePem.slice(0, -20),
        },
      },
    );
    expect(linesOf(result)).to.deep.equal([
      'a.yaml:3:3 error /certs/edge.key is not the key of the first certificate of /certs/edge.pem, "CN=test" [AP1505]',
      'a.yaml:4:3 error /snapshots/gone.pem does not exist [AP1501]',
      'a.yaml:7:3 error /certs/ca.pem is half-written: its CERTIFICATE block has no END line [AP1502]',
      'a.yaml:7:3 error /certs/ca.crl: revocation list 1 is of a CA that is not in the bundle [AP1515]',
    ]);
  });

  it('changes the secret when the files change and nothing else', () => {
    const before = snapshotOf(compile(certificates + CLUSTER_A, { assets }));
    const renewed = authority.issue();
    const after = snapshotOf(
      compile(certificates + CLUSTER_A, {
        assets: { ...assets, '/certs/edge.pem': renewed.chainPem, '/certs/edge.key': renewed.privateKeyPem },
        previous: before,
      }),
    );
    expect(resourcesOf(after, SECRET).version).to.not.equal(resourcesOf(before, SECRET).version);
    expect(resourcesOf(after, CLUSTER)).to.equal(resourcesOf(before, CLUSTER));
    expect(resourcesOf(after, LISTENER).size).to.equal(0);
  });

  it('refuses a secret under the name of a certificate', () => {
    const text = `${certificates}secrets: [{name: edge, generic_secret: {secret: {inline_string: x}}}]\n`;
    expect(codesOf(compile(text, { assets }))).to.deep.equal(['AP1401']);
  });
});
