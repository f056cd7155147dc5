import { fromJson } from '@bufbuild/protobuf';
import { expect } from 'chai';
import { parse } from 'yaml';
import { loadSchema } from '../../src/compiler/schema/registry.ts';
import { readDescriptorImage } from '../../src/platform/descriptor-image.ts';
import { runCli } from '../support/cli.ts';

const TLS = ['--tls-ca', '/certs/ca.pem', '--tls-cert', '/certs/tls.pem', '--tls-key', '/certs/tls.key'];
const { registry } = loadSchema(readDescriptorImage());

/** Fails on anything that is not in Envoy's API. */
function decodeStrictly(messageName: string, text: string): Record<string, unknown> {
  const desc = registry.getMessage(messageName);
  if (desc === undefined) throw new Error(`no ${messageName}`);
  const json = parse(text) as Record<string, never>;
  fromJson(desc, json, { registry, ignoreUnknownFields: false });
  return json;
}

async function bootstrap(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(['bootstrap', '--node-id', 'edge-1', ...args]);
  expect(code, stderr).to.equal(0);
  return stdout;
}

describe('authplane bootstrap', () => {
  for (const transport of ['ads', 'per-type']) {
    for (const variant of ['delta', 'sotw']) {
      for (const tls of [[], TLS]) {
        it(`is valid for Envoy with ${transport}, ${variant}, ${tls.length === 0 ? 'plaintext' : 'mTLS'}`, async () => {
          const text = await bootstrap('--transport', transport, '--variant', variant, ...tls);
          decodeStrictly('envoy.config.bootstrap.v3.Bootstrap', text);
          expect(text).to.contain(variant === 'delta' ? 'api_type: DELTA_GRPC' : 'api_type: GRPC');
          expect(text.includes('ads_config')).to.equal(transport === 'ads');
          expect(text).to.match(/base_interval: 1s\n\s+max_interval: 30s/);
          expect(text).to.match(/interval: 30s\n\s+timeout: 5s/);
          expect(text).to.contain('initial_fetch_timeout: 15s');
        });
      }
    }
  }

  it('takes node, addresses and names', async () => {
    const text = await bootstrap(
      '--node-cluster',
      'edge',
      '--xds-address',
      'cp.example:443',
      '--admin-port',
      '0',
    );
    const json = decodeStrictly('envoy.config.bootstrap.v3.Bootstrap', text);
    expect(json['node']).to.deep.equal({ id: 'edge-1', cluster: 'edge' });
    expect(text).to.contain('type: STRICT_DNS');
    expect(await bootstrap('--xds-address', '[::1]:18000')).to.match(/type: STATIC[\s\S]*address: ::1/);
  });

  it('pins TLS 1.3, HTTP/2 and the name of the control plane', async () => {
    const text = await bootstrap('--xds-address', 'cp.example:443', ...TLS);
    expect(text).to.contain('sni: cp.example');
    expect(text).to.match(/tls_minimum_protocol_version: TLSv1_3\n\s+tls_maximum_protocol_version: TLSv1_3/);
    expect(text).to.match(/alpn_protocols:\n\s+- h2/);
    expect(text).to.contain('path: /certs/client.yaml').and.to.contain('path: /certs/ca.yaml');
  });

  it('prints the secret files that an mTLS bootstrap names', async () => {
    const response = 'envoy.service.discovery.v3.DiscoveryResponse';
    const client = await bootstrap(...TLS, '--part', 'client-secret');
    decodeStrictly(response, client);
    expect(client).to.match(/filename: \/certs\/tls\.key[\s\S]*watched_directory:\n\s+path: \/certs/);
    const names = { 'cp.example': 'DNS', '10.0.0.1': 'IP_ADDRESS', 'spiffe://example/cp': 'URI' };
    for (const [name, kind] of Object.entries(names)) {
      const ca = await bootstrap(...TLS, '--tls-server-name', name, '--part', 'ca-secret');
      decodeStrictly(response, ca);
      expect(ca).to.contain(`san_type: ${kind}`).and.to.contain(`exact: ${name}`);
    }
  });

  it('refuses options that do not go together', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--tls-cert', 'a'], /must be given together/],
      [['--tls-cert', 'a', '--tls-key', 'b'], /needs --tls-ca/],
      [['--part', 'ca-secret'], /needs --tls-ca/],
      [['--tls-ca', 'a', '--part', 'client-secret'], /needs --tls-cert and --tls-key/],
      [['--admin-port', '70000'], /0 to 65535/],
      [['--xds-address', 'nowhere'], /HOST:PORT/],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await runCli(['bootstrap', '--node-id', 'edge-1', ...args]);
      expect(code, args.join(' ')).to.equal(64);
      expect(stderr).to.match(message);
      expect(stdout).to.equal('');
    }
  });
});
