import { expect } from 'chai';
import { EdgeEnvironment } from '../support/edge-environment.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { TRANSPORT_VARIANTS } from '../support/transport-variants.ts';
import { waitFor } from '../support/wait-for.ts';

for (const variant of TRANSPORT_VARIANTS) {
  describe(`authplane restarted under a real Envoy over ${variant.name}`, function () {
    this.timeout(60_000);
    this.bail(true);
    let edge: EdgeEnvironment;
    before(async () => {
      edge = await EdgeEnvironment.start(variant);
      // The stream breaks when authplane ends: that is what the test is about.
      edge.envoy.expectProblem(/gRPC config stream|StreamAggregatedResources|DeltaAggregatedResources/);
      edge.expectInLog(/snapshot\.rejected/, /snapshot\.load_rejected/);
    });
    afterEach(() => edge.assertClean());
    after(() => edge[Symbol.asyncDispose]());

    it('serves the last good snapshot from a broken directory, and fails no request', async () => {
      await using load = await edge.startLoad();
      await edge.authplane.kill();
      await edge.snapshots.write('edge.yaml', 'listeners: [\n');
      await edge.startAuthplane();
      expect(edge.authplane.readyLine).to.match(/groups=1 resources=\d+$/);
      expect(await edge.authplane.readyStatus()).to.equal(200);
      await untilBack(edge);
      await load.stop();
      expect(load.failures).to.deep.equal([]);
      expect(load.handshakes).to.equal(4);
    });

    it('gives it to an Envoy that starts only now', async () => {
      await using second = await edge.startEnvoy('edge-1-again');
      // Both have the same listener port; the kernel gives it to both, for Envoy sets SO_REUSEPORT.
      await second.waitUntilLive();
      expect(await second.configDump()).to.contain('edge-tls');
    });

    it('answers the new secret that the next good edit needs', async () => {
      await edge.issueCertificate('certs/second');
      const port = await freePort();
      await edge.change({
        certificates: { 'edge-tls': 'certs/edge', 'second-tls': 'certs/second' },
        listeners: [...edge.options.listeners, { name: 'second', port, secret: 'second-tls' }],
      });
      const answer = await waitFor('the new listener answers', async () => edge.request({ port }));
      expect(answer.status).to.equal(200);
      expect((await edge.request()).status).to.equal(200);
    });

    it('changes nothing when it restarts with the same files', async () => {
      await using load = await edge.startLoad();
      const updates = () =>
        edge.envoy.stats(
          '^(listener_manager.listener_(added|modified|in_place_updated)|cluster_manager.cluster_(added|modified))$',
        );
      const before = [...(await updates())];
      await edge.authplane.stop();
      await edge.startAuthplane();
      await untilBack(edge);
      await load.stop();
      expect([...(await updates())]).to.deep.equal(before);
      expect(load.failures).to.deep.equal([]);
      expect(load.handshakes).to.equal(4);
    });
  });
}

/** Waits until Envoy has connected again and accepted all it was sent. */
async function untilBack(edge: EdgeEnvironment): Promise<void> {
  await waitFor('Envoy is back', async () => {
    const { nodes } = (await edge.authplane.api('/api/v1/nodes')) as {
      nodes: { id: string; state: string }[];
    };
    return nodes.some(node => node.id === 'edge-1' && node.state === 'synced');
  });
}
