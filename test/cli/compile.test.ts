import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { parse } from 'yaml';
import { runCli } from '../support/cli.ts';
import { clusterFile, writeFiles } from '../support/snapshot-files.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Compiled {
  readonly group: string;
  readonly files: readonly string[];
  readonly types: readonly {
    readonly type_url: string;
    readonly resources: readonly {
      readonly name: string;
      readonly origin: string;
      readonly resource: unknown;
    }[];
  }[];
}

const compile = (directory: string, ...more: readonly string[]) =>
  runCli(['compile', '--snapshots', directory, '--node-id', 'edge-1', ...more]);

describe('authplane compile', () => {
  it('prints the resources of the files that match the node, with version and origin', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'all.yaml': clusterFile('a'), 'edge.yaml': clusterFile('b', 'edge') });
    const { code, stdout } = await compile(directory.path, '--node-cluster', 'edge', '-o', 'json');
    expect(code).to.equal(0);
    const compiled = JSON.parse(stdout) as Compiled;
    expect(compiled.files).to.deep.equal(['all.yaml', 'edge.yaml']);
    expect(compiled.types[0]?.resources.map(({ name, origin }) => `${name} ${origin}`)).to.deep.equal([
      'a all.yaml:2:3',
      'b edge.yaml:3:3',
    ]);
    expect(compiled.types[0]?.resources[0]?.resource).to.deep.include({ name: 'a', connect_timeout: '1s' });
    const other = await compile(directory.path, '-o', 'table');
    expect(other.stdout).to.match(
      /^TYPE {2}NAME {2}VERSION +ORIGIN\ncds {3}a {5}[0-9a-f]{16} {2}all\.yaml:2:3\n$/,
    );
  });

  it('matches node metadata', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'a.yaml': `node: {metadata: {region: eu}}\n${clusterFile('a')}` });
    expect((await compile(directory.path, '--node-metadata', '{"region":"eu"}')).code).to.equal(0);
    const other = await compile(directory.path, '--node-metadata', '{"region":"us"}');
    expect(other.code).to.equal(2);
    expect(other.stdout).to.equal('');
    expect(other.stderr).to.contain('no snapshot file matches node edge-1');
  });

  it('prints no private key, password or token', async () => {
    await using directory = await temporaryDirectory();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const jwk = JSON.stringify({ keys: [{ kty: 'oct', kid: '1', k: 'c2VjcmV0LWtleS1tYXRlcmlhbA' }] });
    await writeFiles(directory.path, {
      'a.yaml': `secrets:
- name: session
  generic_secret: {secret: {inline_string: "correct horse battery staple"}}
- name: file
  generic_secret: {secret: {filename: /etc/envoy/hmac}}
extension_configs:
- name: body
  typed_config:
    '@type': type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config
    metadata:
    - metadata_namespace: test
      value: {nested: {key: ${JSON.stringify(pem)}, jwks: ${JSON.stringify(jwk)}}}
`,
    });
    const { code, stdout, stderr } = await compile(directory.path);
    expect(code, stderr).to.equal(0);
    for (const secret of ['correct horse', 'PRIVATE KEY', 'c2VjcmV0', pem.split('\n')[1] ?? pem]) {
      expect(stdout).not.to.contain(secret);
    }
    const compiled = parse(stdout) as Compiled;
    const secrets = compiled.types.find(type => type.type_url.endsWith('.Secret'))?.resources;
    expect(secrets?.map(({ resource }) => resource)).to.deep.equal([
      { name: 'session', generic_secret: { secret: { inline_string: '[redacted]' } } },
      { name: 'file', generic_secret: { secret: { filename: '/etc/envoy/hmac' } } },
    ]);
  });

  it('prints the errors that hold the node back', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'a.yaml': clusterFile('a'), 'b.yaml': clusterFile('a') });
    const { code, stdout, stderr } = await compile(directory.path);
    expect(code).to.equal(2);
    expect(stdout).to.equal('');
    expect(stderr).to.match(/ error .* \[AP14\d\d\]/);
  });
});
