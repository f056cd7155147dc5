import { expect } from 'chai';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Child } from '../../scripts/child-process.ts';
import { httpsRequest } from '../../scripts/https-request.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import { AuthplaneProcess } from '../support/authplane-process.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { edgeSnapshot, readerToken } from '../support/edge-snapshot.ts';
import { EnvoyProcess } from '../support/envoy-process.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { TokenKey } from '../support/jwt.ts';
import { SnapshotDirectory } from '../support/snapshot-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { TRANSPORT_VARIANTS } from '../support/transport-variants.ts';
import { Upstream } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

/** What `authplane bootstrap` prints. */
async function printed(args: readonly string[]): Promise<string> {
  await using child = Child.start(process.execPath, [
    join(REPOSITORY, 'src', 'main.ts'),
    'bootstrap',
    ...['--node-id', 'edge-1', '--node-cluster', 'edge', ...args],
  ]);
  const { code } = await child.exited;
  expect(code, child.tail()).to.equal(0);
  return child.stdout.join('\n');
}

describe('what authplane bootstrap prints', function () {
  this.timeout(60_000);

  for (const variant of TRANSPORT_VARIANTS) {
    const transport = variant.ordered ? 'ads' : 'per-type';
    const kind = variant.delta ? 'delta' : 'sotw';
    for (const tls of [false, true]) {
      it(`brings a real Envoy to life with ${transport}, ${kind}${tls ? ' and mutual TLS' : ''}`, async () => {
        await using directory = await temporaryDirectory();
        await using upstream = await Upstream.start('a');
        const files = new SnapshotDirectory(directory.path);
        const snapshots = new SnapshotDirectory(join(directory.path, 'snapshots'));
        await mkdir(snapshots.path);
        const authority = CertificateAuthority.create();
        const tokenKey = new TokenKey();
        const port = await freePort();
        await snapshots.writeCertificate('edge', authority.issue({ dnsNames: ['localhost'] }));
        await snapshots.write(
          'edge.yaml',
          edgeSnapshot({
            configSource: variant.configSource,
            tokenKey,
            listeners: [{ name: 'https', port, secret: 'edge-tls' }],
            clusters: { a: upstream.port },
            routeTo: 'a',
            certificates: { 'edge-tls': 'edge' },
          }),
        );
        await files.writeCertificate('server', authority.issue({ dnsNames: ['authplane.example'] }));
        await files.writeCertificate('client', authority.issue({ commonName: 'edge-1' }));
        await files.write('ca.pem', authority.certificatePem);
        const path = (name: string): string => join(directory.path, name);
        const serverTls = [
          ...['--xds-tls-cert', path('server.pem'), '--xds-tls-key', path('server.key')],
          ...['--xds-tls-client-ca', path('ca.pem')],
        ];
        await using authplane = await AuthplaneProcess.start({
          snapshots: snapshots.path,
          stateDirectory: path('state'),
          flags: tls ? serverTls : [],
        });
        const clientTls = [
          ...['--tls-ca', path('ca.pem'), '--tls-cert', path('client.pem'), '--tls-key', path('client.key')],
          ...['--tls-server-name', 'authplane.example'],
        ];
        const args = [
          ...['--xds-address', `127.0.0.1:${authplane.xdsPort}`],
          ...['--transport', transport, '--variant', kind],
          ...(tls ? clientTls : []),
        ];
        if (tls) {
          await files.write('client.yaml', await printed([...args, '--part', 'client-secret']));
          await files.write('ca.yaml', await printed([...args, '--part', 'ca-secret']));
        }
        await using envoy = await EnvoyProcess.start(parse(await printed(args)) as object);
        await envoy.waitUntilLive();
        const request = { port, path: '/', ca: authority.certificatePem, token: readerToken(tokenKey) };
        const early: number[] = [];
        await waitFor('the filters, which come by ECDS', async () => {
          const { status } = await httpsRequest(request);
          if (status !== 200) early.push(status);
          return status === 200;
        });
        // Envoy is live before its filters have come: until then it denies.
        expect(early.filter(status => status !== 403 && status !== 401)).to.deep.equal([]);
        envoy.assertClean();
        authplane.assertClean();
      });
    }
  }
});
