import { expect } from 'chai';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { AuthplaneProcess } from '../support/authplane-process.ts';
import { loadBootstrap } from '../support/bootstrap.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';
import { writeClientFiles } from '../support/client-files.ts';
import { plainListener, routesOf, staticCluster } from '../support/demand-snapshot.ts';
import { EnvoyProcess } from '../support/envoy-process.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { SnapshotDirectory } from '../support/snapshot-directory.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const NAME = 'authplane.example';

function snapshot(port: number) {
  return {
    listeners: [plainListener('http', port, routesOf('main'))],
    routes: [
      {
        name: 'main',
        virtual_hosts: [
          { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'a' } }] },
        ],
      },
    ],
    clusters: [staticCluster('a', port)],
  };
}

describe('a real Envoy over mutual TLS', function () {
  this.timeout(60_000);
  this.bail(true);
  const authority = CertificateAuthority.create();
  const client = authority.issue({ commonName: 'edge-1', usages: ['client'] });
  const first = authority.issue({ dnsNames: [NAME], usages: ['server'] });
  let directory: TemporaryDirectory;
  let snapshots: SnapshotDirectory;
  let server: SnapshotDirectory;
  let authplane: AuthplaneProcess;
  let envoy: EnvoyProcess;
  let port: number;

  /** Serial number that a new handshake with a client certificate sees. @throws when it is refused. */
  async function servedSerial(own: IssuedCertificate | undefined): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = connect({
      host: '127.0.0.1',
      port: authplane.xdsPort,
      servername: NAME,
      ca: authority.certificatePem,
      ALPNProtocols: ['h2'],
      ...(own === undefined ? {} : { cert: own.chainPem, key: own.privateKeyPem }),
    });
    socket.on('error', reject);
    // With TLS 1.3 the server refuses only after the client believes that it is connected: wait for its SETTINGS frame.
    socket.on('data', () => resolve(socket.getPeerCertificate().serialNumber));
    socket.on('close', () => reject(new Error('closed by the server')));
    try {
      return await promise;
    } finally {
      socket.destroy();
    }
  }

  async function startEnvoy(nodeId: string, bootstrap = 'ads-delta-mtls'): Promise<EnvoyProcess> {
    const certificates = join(directory.path, 'client');
    return EnvoyProcess.start(
      await loadBootstrap(bootstrap, { xdsPort: authplane.xdsPort, nodeId, certificates }),
    );
  }

  before(async () => {
    directory = await temporaryDirectory();
    port = await freePort();
    snapshots = new SnapshotDirectory(join(directory.path, 'snapshots'));
    server = new SnapshotDirectory(join(directory.path, 'server'));
    await writeClientFiles(join(directory.path, 'client'), authority, client);
    await server.writeCertificate('tls', first);
    await server.write('ca.pem', authority.certificatePem);
    await snapshots.write('edge.yaml', snapshot(port));
    authplane = await AuthplaneProcess.start({
      snapshots: snapshots.path,
      stateDirectory: join(directory.path, 'state'),
      flags: [
        ...['--xds-tls-cert', join(server.path, 'tls.pem'), '--xds-tls-key', join(server.path, 'tls.key')],
        ...['--xds-tls-client-ca', join(server.path, 'ca.pem')],
      ],
    });
  });
  after(async () => {
    await envoy[Symbol.asyncDispose]();
    await authplane[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  it('comes up with the committed bootstrap', async () => {
    envoy = await startEnvoy('edge-1');
    await envoy.waitUntilLive();
    expect(await servedSerial(client)).to.equal(first.serialNumber);
    envoy.assertClean();
    authplane.assertClean();
  });

  it('keeps its stream when the certificate of authplane is renewed, and the next one sees the new one', async () => {
    const renewed = authority.issue({ dnsNames: [NAME], usages: ['server'] });
    await server.writeCertificate('tls', renewed);
    await waitFor('the new certificate', async () => (await servedSerial(client)) === renewed.serialNumber);

    const extra = await freePort();
    await snapshots.write('edge.yaml', snapshot(extra));
    await envoy.waitForStat('listener_manager.listener_modified', count => count === 1);
    await using second = await startEnvoy('edge-2');
    await second.waitUntilLive();
    second.assertClean();
    envoy.assertClean();
    // Nothing of edge-1 was closed.
    expect(await envoy.stat('control_plane.connected_state')).to.equal(1);
    const closed = authplane.log.filter(entry => entry.event === 'xds.stream_closed');
    expect(closed.filter(entry => entry['node_id'] === 'edge-1')).to.deep.equal([]);
    // The pair on disk does not match for a moment.
    authplane.assertClean([/xds.tls_refused/]);
  });

  it('is refused without a certificate, or with one of another CA', async () => {
    const stranger = CertificateAuthority.create('somebody else').issue({ commonName: 'edge-1' });
    for (const own of [undefined, stranger]) {
      const failure = await servedSerial(own).then(
        () => 'none',
        (thrown: unknown) => String(thrown),
      );
      expect(failure).to.match(/closed|alert|reset/i);
    }
    await waitFor(
      'both refusals in the log',
      () => authplane.log.filter(entry => entry.event === 'xds.tls_failed').length >= 2,
    );

    await using plain = await EnvoyProcess.start(
      await loadBootstrap('ads-delta', { xdsPort: authplane.xdsPort, nodeId: 'edge-3' }),
    );
    await waitFor('the refusal', () => plain.problems().some(line => /config stream .* closed/.test(line)));
    expect(await plain.stat('control_plane.connected_state')).to.equal(0);
    const nodes = JSON.stringify(await authplane.api('/api/v1/nodes'));
    expect(nodes).to.contain('edge-1').and.to.contain('edge-2').and.not.to.contain('edge-3');
  });
});
