import { expect } from 'chai';
import { join } from 'node:path';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { AuthplaneProcess } from '../support/authplane-process.ts';
import { loadBootstrap } from '../support/bootstrap.ts';
import { writeClientFiles } from '../support/client-files.ts';
import { plainListener, routesOf, staticCluster } from '../support/demand-snapshot.ts';
import { EnvoyProcess } from '../support/envoy-process.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { SnapshotDirectory } from '../support/snapshot-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const NAME = 'authplane.example';

describe('a real Envoy whose certificate says who it is', function () {
  this.timeout(60_000);

  for (const bootstrap of ['ads-delta-mtls', 'ads-sotw-mtls']) {
    it(`is served as itself and as nobody else (${bootstrap})`, async () => {
      await using directory = await temporaryDirectory();
      const path = (name: string): string => join(directory.path, name);
      const authority = CertificateAuthority.create();
      const own = authority.issue({ uris: ['spiffe://example.org/edge/edge-1'], usages: ['client'] });
      await writeClientFiles(path('client'), authority, own);
      const server = new SnapshotDirectory(path('server'));
      await server.writeCertificate('tls', authority.issue({ dnsNames: [NAME], usages: ['server'] }));
      await server.write('ca.pem', authority.certificatePem);
      const port = await freePort();
      const snapshots = new SnapshotDirectory(path('snapshots'));
      await snapshots.write('edge.yaml', {
        listeners: [plainListener('http', port, routesOf('main'))],
        routes: [{ name: 'main', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [] }] }],
        clusters: [staticCluster('a', port)],
      });
      await using authplane = await AuthplaneProcess.start({
        snapshots: snapshots.path,
        stateDirectory: path('state'),
        flags: [
          ...['--xds-tls-cert', join(server.path, 'tls.pem'), '--xds-tls-key', join(server.path, 'tls.key')],
          ...['--xds-tls-client-ca', join(server.path, 'ca.pem'), '--node-identity', 'spiffe'],
          ...['--node-identity-template', 'spiffe://example.org/{cluster}/{id}'],
        ],
      });
      const start = async (nodeId: string): Promise<EnvoyProcess> => {
        const places = { xdsPort: authplane.xdsPort, nodeId, certificates: path('client') };
        return EnvoyProcess.start(await loadBootstrap(bootstrap, places));
      };
      await using envoy = await start('edge-1');
      await envoy.waitUntilLive();
      await envoy.waitForStat('listener_manager.listener_added', count => count === 1);

      await using impostor = await start('edge-2');
      const refusal = await waitFor('the refusal', () =>
        authplane.log.find(entry => entry.event === 'xds.identity_refused'),
      );
      expect(refusal).to.include({ claimed_id: 'edge-2', claimed_cluster: 'edge' });
      await waitFor('what Envoy says of it', () =>
        impostor.problems().some(line => /closed: 7, the%20client%20certificate%20is%20not%20for/.test(line)),
      );
      expect(await impostor.stat('listener_manager.listener_added')).to.equal(0);
      expect(JSON.stringify(await authplane.api('/api/v1/nodes'))).not.to.contain('edge-2');
      expect(await envoy.stat('control_plane.connected_state')).to.equal(1);
      envoy.assertClean();
      authplane.assertClean([/xds\.identity_refused/]);
    });
  }
});
