import { fromBinary, toBinary, toJson, type JsonValue } from '@bufbuild/protobuf';
import { expect } from 'chai';
import { assetPathsOf } from '../../src/compiler/asset-paths.ts';
import { checkFile, type CheckContext } from '../../src/compiler/check-file.ts';
import { hasErrors, type CheckedFile } from '../../src/compiler/checked-file.ts';
import { decodeStrict } from '../../src/compiler/schema/strict-json.ts';
import type { ResourceVisitors } from '../../src/compiler/schema/visitor.ts';
import { formatDiagnostic } from '../../src/resources/diagnostic.ts';
import { makeResource } from '../../src/resources/frame.ts';
import { MATCH_ALL } from '../../src/resources/node.ts';
import { CLUSTER, RESOURCE_TYPES } from '../../src/resources/type-url.ts';
import { testSchema } from '../support/schema.ts';

const schema = testSchema();

function check(text: string, context: Partial<CheckContext> = {}): CheckedFile {
  const file = { path: 'edge/a.yaml', hash: 'h1', text };
  return checkFile(file, {
    schema,
    snapshotDirectory: '/etc/authplane/snapshots',
    visitors: () => [],
    ...context,
  });
}

function printed(file: CheckedFile): string[] {
  return file.diagnostics.map(formatDiagnostic);
}

/** Names of the resources, each with its short type. */
function named(file: CheckedFile): string[] {
  return file.resources.map(({ resource }) => `${resource.typeUrl.split('.').at(-1)} ${resource.name}`);
}

const CLUSTER_BODY = 'connect_timeout: 1s';

describe('checkFile', () => {
  it('makes a resource of every entry of every list, by its name', () => {
    const file = check(`
clusters: [{name: c, ${CLUSTER_BODY}}]
endpoints: [{cluster_name: e}]
listeners: [{name: l}]
routes: [{name: r}]
scopedRoutes: [{name: s, route_configuration_name: r, key: {fragments: [{string_key: x}]}}]
virtual_hosts: [{name: r/v, domains: [a.test, '*']}]
secrets: [{name: k, generic_secret: {secret: {inline_string: x}}}]
runtimes: [{name: t, layer: {}}]
extension_configs: [{name: f, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
`);
    expect(printed(file)).to.deep.equal([]);
    expect(file.resources.map(({ resource }) => [resource.typeUrl, resource.name])).to.have.deep.members(
      RESOURCE_TYPES.map(type => [
        type.typeUrl,
        { cds: 'c', eds: 'e', sds: 'k', ecds: 'f', lds: 'l', srds: 's', rds: 'r', vhds: 'r/v', rtds: 't' }[
          type.shortName
        ],
      ]),
    );
  });

  it('encodes a resource as the message that was written, with its place', () => {
    const file = check(`clusters:\n- name: a\n  ${CLUSTER_BODY}\n- name: b\n  ${CLUSTER_BODY}\n`);
    const desc = schema.registry.getMessage('envoy.config.cluster.v3.Cluster');
    if (desc === undefined) throw new Error('no Cluster');
    const decoded = decodeStrict(schema, desc, { name: 'b', connect_timeout: '1s' }, []);
    if (decoded.kind === 'failed') throw new Error('not decoded');
    const body = toBinary(desc, decoded.decoded.message);
    expect(toJson(desc, fromBinary(desc, body))).to.deep.equal({ name: 'b', connectTimeout: '1s' });
    const origin = { file: 'edge/a.yaml', line: 4, column: 3, path: ['clusters', 1] };
    expect(file.resources[1]?.resource).to.deep.equal(
      makeResource({ typeUrl: CLUSTER, name: 'b', body, origin }),
    );
  });

  it('gives equal versions to equal content, however it is written', () => {
    const version = (text: string): string | undefined => check(text).resources[0]?.resource.version;
    const first = version(
      'clusters: [{name: c, connect_timeout: 1s, metadata: {filter_metadata: {a: {x: 1}, b: {}}}}]',
    );
    expect(
      version(
        'clusters:\n- metadata: {filterMetadata: {b: {}, a: {x: 1}}}\n  connectTimeout: "1.000s"\n  name: c',
      ),
    ).to.equal(first);
    expect(
      version('clusters: [{name: c, connect_timeout: 2s, metadata: {filter_metadata: {a: {x: 1}, b: {}}}}]'),
    ).to.not.equal(first);
  });

  it('reports every problem of every entry with its line, and still makes the others', () => {
    const file = check(`node: {ids: [edge-*]}
clustrs: []
clusters:
- name: good
  ${CLUSTER_BODY}
- name: bad
  conect_timeout: 1s
- name: worse
  connect_timeout: 5
  lb_policy: MAGLEF
listeners:
- name: l
  address: {socket_address: {address: a, port_value: 70000}}
`);
    expect(printed(file)).to.deep.equal([
      'edge/a.yaml:2:1 error unknown field "clustrs" in authplane.v1.SnapshotFile, did you mean "clusters"? [AP1101]',
      'edge/a.yaml:7:3 error unknown field "conect_timeout" in envoy.config.cluster.v3.Cluster, did you mean "connect_timeout"? [AP1101]',
      'edge/a.yaml:9:3 error "connect_timeout" must be a duration in seconds such as "5s" or "0.25s", found a number [AP1102]',
      'edge/a.yaml:10:3 error "lb_policy" must be one of ROUND_ROBIN, LEAST_REQUEST, RING_HASH, RANDOM, MAGLEV, CLUSTER_PROVIDED, LOAD_BALANCING_POLICY_CONFIG, found "MAGLEF", did you mean MAGLEV? [AP1102]',
      'edge/a.yaml:13:42 error "port_value" must be at most 65535 (envoy.config.core.v3.SocketAddress) [AP1201]',
    ]);
    expect(named(file)).to.deep.equal(['Cluster good', 'Listener l']);
    expect(file.matcher).to.deep.equal({ ids: ['edge-*'], clusters: [], metadata: {} });
    expect(file.diagnostics[0]).to.include({ path: 'clustrs' });
  });

  it('reads the matcher and the version', () => {
    const file = check(
      'node: {ids: [a, b*], clusters: [c], metadata: {region: eu, tier: [1, x]}}\nversion: r42\n',
    );
    expect(file.matcher).to.deep.equal({
      ids: ['a', 'b*'],
      clusters: ['c'],
      metadata: { region: 'eu', tier: [1, 'x'] },
    });
    expect(file.pinnedVersion).to.deep.equal({
      value: 'r42',
      origin: { file: 'edge/a.yaml', line: 2, column: 1, path: ['version'] },
    });
  });

  it('reads every field of the message', () => {
    for (const { name } of schema.snapshotFile.fields) {
      expect(
        check(`${name}: 5`).diagnostics.map(d => [d.code, d.path]),
        name,
      ).to.deep.equal([['AP1102', name]]);
    }
  });

  it('matches all nodes without a matcher, and none is known when it cannot be read', () => {
    expect(check('clusters: []').matcher).to.equal(MATCH_ALL);
    expect(check('node:\nclusters: []').matcher).to.equal(MATCH_ALL);
    expect(check('node: {id: [a]}').matcher).to.equal(undefined);
    expect(check('clusters: [').matcher).to.equal(undefined);
    expect(check('').diagnostics[0]?.code).to.equal('AP1002');
  });

  it('refuses a version that is not a text', () => {
    expect(printed(check('version: 42'))).to.deep.equal([
      'edge/a.yaml:1:1 error "version" must be a text, found a number; put it in quotes [AP1102]',
    ]);
    expect(check('version: ""').pinnedVersion).to.equal(undefined);
  });

  it('resolves the files of certificates and trust bundles from its own directory', () => {
    const trustedCaPath = '/etc/authplane/snapshots/edge/ca.pem';
    const gitlab = { trustDomain: 'gitlab.example', trustedCaPath };
    const bundle = (name: string): object => ({
      kind: 'trustBundle',
      name,
      grant: undefined,
      trustedCaPath,
      crlPath: undefined,
      spiffeBundles: [],
      subjectAltNames: [],
    });
    const file = check(`
certificates:
- {name: tls, certificate_chain: ../../certs/edge.pem, private_key: /keys/../keys/edge.key}
trust_bundles:
- {name: ca, trusted_ca: ca.pem, crl: ./ca.crl, spiffe_trust_domain: gitlab.example}
- {name: ca2, trusted_ca: ca.pem}
`);
    expect(printed(file)).to.deep.equal([]);
    expect(file.fileSecrets.map(({ origin, ...entry }) => [origin.line, entry])).to.deep.equal([
      [
        3,
        {
          kind: 'certificate',
          name: 'tls',
          grant: undefined,
          certificateChainPath: '/etc/authplane/certs/edge.pem',
          privateKeyPath: '/keys/edge.key',
        },
      ],
      [5, { ...bundle('ca'), crlPath: '/etc/authplane/snapshots/edge/ca.crl', spiffeBundles: [gitlab] }],
      [6, bundle('ca2')],
    ]);
    expect(assetPathsOf(file)).to.deep.equal([
      '/etc/authplane/certs/edge.pem',
      '/etc/authplane/snapshots/edge/ca.crl',
      '/etc/authplane/snapshots/edge/ca.pem',
      '/keys/edge.key',
    ]);
  });

  it('checks the entries of certificates and trust bundles', () => {
    expect(
      check('certificates: [{name: x}]\ntrust_bundles: [{name: x, trusted_cas: a}]\n').diagnostics.map(d => [
        d.code,
        d.path,
      ]),
    ).to.deep.equal([
      ['AP1519', 'certificates[0]'],
      ['AP1101', 'trust_bundles[0].trusted_cas'],
    ]);
  });

  it('gives a virtual host an alias for every domain below its route configuration', () => {
    const file = check("virtual_hosts: [{name: team/edge/web, domains: [a.test, '*.b.test', web]}]");
    expect(file.resources[0]?.resource).to.deep.include({
      name: 'team/edge/web',
      aliases: ['team/edge/a.test', 'team/edge/*.b.test'],
    });
  });

  for (const name of ['web', '/web', 'edge/']) {
    it(`refuses the virtual host "${name}"`, () => {
      expect(
        check(`virtual_hosts: [{name: "${name}", domains: [a]}]`).diagnostics.map(d => d.code),
      ).to.deep.equal(['AP1105']);
    });
  }

  it('refuses a resource without a name, once', () => {
    const file = check(`listeners: [{}]\nclusters: [{${CLUSTER_BODY}}]\nendpoints: [{}]\n`);
    expect(file.diagnostics.map(d => [d.code, d.path])).to.deep.equal([
      ['AP1104', 'listeners[0].name'],
      ['AP1201', 'clusters[0].name'],
      ['AP1201', 'endpoints[0].cluster_name'],
    ]);
    expect(file.resources).to.deep.equal([]);
  });

  for (const [what, text, code, path] of [
    ['a list that is a mapping', 'clusters: {}', 'AP1102', 'clusters'],
    ['a list that is a text', 'resources: all', 'AP1102', 'resources'],
    ['an item that is null', 'clusters: [null]', 'AP1102', 'clusters[0]'],
    ['an item that is a text', 'resources: [x]', 'AP1102', 'resources[0]'],
    ['a list in both spellings', 'scoped_routes: []\nscopedRoutes: []', 'AP1102', 'scopedRoutes'],
    ['certificates that are no list', 'certificates: 5', 'AP1102', 'certificates'],
    ['a resource without @type', 'resources: [{name: x}]', 'AP1103', 'resources[0]'],
    [
      'a resource of an unknown type',
      'resources: [{"@type": type.googleapis.com/envoy.Nope}]',
      'AP1103',
      'resources[0].@type',
    ],
    [
      'a message that has no name',
      'resources: [{"@type": type.googleapis.com/envoy.config.core.v3.Address}]',
      'AP1103',
      'resources[0].@type',
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(check(text).diagnostics.map(d => [d.code, d.path])).to.deep.equal([[code, path]]);
    });
  }
});

describe('resources of any type', () => {
  const typed = (type: string, rest: string): string => `{"@type": type.googleapis.com/${type}, ${rest}}`;
  const wrapped = (rest: string): string =>
    check(`resources:\n- ${typed('envoy.service.discovery.v3.Resource', rest)}`)
      .diagnostics.map(d => `${d.code} ${d.path ?? ''}`)
      .join();
  const cluster = typed('envoy.config.cluster.v3.Cluster', `name: c, ${CLUSTER_BODY}`);

  it('mean the same as in the list of their type', () => {
    const listed = check(`clusters: [{name: c, ${CLUSTER_BODY}}]`).resources[0]?.resource;
    const any = check(`resources: [${cluster}]`).resources[0]?.resource;
    expect(any?.version).to.equal(listed?.version);
    expect(any?.origin.path).to.deep.equal(['resources', 0]);
  });

  it('pass through when they have a name', () => {
    const file = check(`resources: [${typed('envoy.config.core.v3.HealthCheckSet', 'name: x')}]`);
    expect(file.diagnostics.map(d => d.code)).to.deep.equal(['AP1103']);
    expect(
      named(check(`resources: [${typed('envoy.config.listener.v3.FilterChain', 'name: x')}]`)),
    ).to.deep.equal(['FilterChain x']);
  });

  it('may be wrapped with aliases', () => {
    const file = check(
      `resources:\n- ${typed('envoy.service.discovery.v3.Resource', `name: c, aliases: [d], resource: ${cluster}`)}`,
    );
    expect(printed(file)).to.deep.equal([]);
    expect(file.resources[0]?.resource).to.deep.include({ name: 'c', aliases: ['d'] });
  });

  it('must not be wrapped with anything else', () => {
    expect(wrapped(`resource: ${cluster}, ttl: 5s`)).to.equal('AP1106 resources[0].ttl');
    expect(wrapped(`resource: ${cluster}, version: "1"`)).to.equal('AP1106 resources[0].version');
    expect(wrapped(`resource: ${cluster}, name: other`)).to.equal('AP1106 resources[0].name');
    expect(wrapped('name: c')).to.equal('AP1106 resources[0].resource');
    expect(wrapped('resource: {"@type": x}')).to.equal('AP1103 resources[0].resource.@type');
    expect(wrapped('nmae: c')).to.equal('AP1101 resources[0].nmae');
  });
});

describe('visitors', () => {
  it('report issues and collect facts with their lines', () => {
    const visitors: ResourceVisitors = (report, collect, resource) => [
      {
        enter: node => {
          if (node.desc.name !== 'EdsClusterConfig') return;
          const path = [...node.path, 'service_name'];
          collect.reference({ kind: 'endpoints', name: 'e', path });
          collect.set({ upstreamFilters: ['f'] });
          report({ code: 'AP1302', severity: 'warning', path, message: `${resource.name} asks for e` });
        },
      },
    ];
    const text = `clusters:\n- name: c\n  ${CLUSTER_BODY}\n  eds_cluster_config:\n    service_name: e\n`;
    const file = check(text, { visitors });
    const path = ['clusters', 0, 'eds_cluster_config', 'service_name'];
    expect(printed(file)).to.deep.equal(['edge/a.yaml:5:5 warning c asks for e [AP1302]']);
    expect(hasErrors(file)).to.equal(false);
    expect(file.resources[0]?.facts).to.deep.equal({
      references: [{ kind: 'endpoints', name: 'e', path, line: 5, column: 5 }],
      upstreamFilters: ['f'],
    });
    expect(file.resources[0]?.resource.references).to.deep.equal([{ kind: 'endpoints', name: 'e', path }]);
  });
});

describe('a file with very many problems', () => {
  it('lists the first thousand and says that there are more', () => {
    const file = check(`clusters:\n${'- {nmae: x}\n'.repeat(3000)}`);
    expect(file.diagnostics).to.have.length(1000);
    expect(file.diagnostics.at(-1)?.message).to.include('more problems');
    const json: JsonValue = JSON.parse(JSON.stringify(file)) as JsonValue;
    expect(json).to.not.equal(null);
  });
});
