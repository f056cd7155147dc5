import { expect } from 'chai';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { EdgeEnvironment } from '../support/edge-environment.ts';
import { TRANSPORT_VARIANTS } from '../support/transport-variants.ts';
import { waitFor } from '../support/wait-for.ts';

interface Nack {
  readonly node: string;
  readonly type: string;
  readonly stands: boolean;
  readonly reason: string;
  readonly resources: readonly { readonly name: string; readonly file: string; readonly line: number }[];
}

for (const variant of TRANSPORT_VARIANTS) {
  describe(`a rejection by a real Envoy over ${variant.name}`, function () {
    this.timeout(60_000);
    let edge: EdgeEnvironment;
    before(async () => {
      edge = await EdgeEnvironment.start(variant);
    });
    after(() => edge[Symbol.asyncDispose]());

    it('is shown with its file and line, is provoked once, and is over with the next good edit', async () => {
      // No checker can know that the port is taken on the proxy's machine.
      await using taken = await takenPort();
      edge.envoy.expectProblem(/rejected|cannot bind|Address already in use/);
      edge.expectInLog(/xds\.nack/);
      await using load = await edge.startLoad();
      const bad = { name: 'taken', port: taken.port, secret: 'edge-tls' };
      await edge.change({ listeners: [...edge.options.listeners, bad] });

      const entry = await edge.authplane.waitForLog('xds.nack', line => line.event === 'xds.nack');
      expect(entry['node_id']).to.equal('edge-1');
      const [nack] = await nacks(edge);
      expect(nack?.type).to.equal('lds');
      expect(nack?.stands).to.equal(true);
      expect(nack?.reason).to.match(/taken.*(bind|address)/i);
      const text = (await edge.snapshots.read('edge.yaml')).split('\n');
      const line = text.findIndex(row => row.includes('"taken"'));
      expect(nack?.resources.map(({ name, file }) => ({ name, file }))).to.deep.equal([
        { name: 'taken', file: 'edge.yaml' },
      ]);
      // The item begins at its brace, the line before its name.
      expect(nack?.resources[0]?.line).to.be.within(line, line + 1);

      // Something else changes: nothing of the rejected type goes out again, whatever the other types do.
      const rejectedBefore = await edge.envoy.stat('listener_manager.lds.update_rejected');
      expect(rejectedBefore).to.equal(1);
      await edge.change({ clusters: { ...edge.options.clusters, b: edge.b.port } });
      await edge.envoy.waitForStat('cluster.b.membership_total', total => total === 1);
      expect(await edge.envoy.stat('listener_manager.lds.update_rejected')).to.equal(1);
      expect((await nacks(edge)).length).to.equal(1);

      await edge.change({ listeners: edge.options.listeners.slice(0, 1) });
      await waitFor('the rejection is over', async () => (await nacks(edge)).every(each => !each.stands));
      await load.stop();
      expect(load.failures).to.deep.equal([]);
      expect(load.handshakes).to.equal(4);
      edge.assertClean();
    });
  });
}

// Only delta clients say what they have, resource by resource.
for (const variant of TRANSPORT_VARIANTS.filter(({ ordered, delta }) => ordered && delta)) {
  describe(`a rejected edit that is taken back, over ${variant.name}`, function () {
    this.timeout(60_000);
    let edge: EdgeEnvironment;
    before(async () => {
      edge = await EdgeEnvironment.start(variant);
    });
    after(() => edge[Symbol.asyncDispose]());

    it('is undone when authplane ends meanwhile and starts again with what was there before', async () => {
      await using taken = await takenPort();
      edge.envoy.expectProblem(
        /rejected|cannot bind|Address already in use|gRPC config stream|StreamAggregatedResources|DeltaAggregatedResources|config stream/,
      );
      edge.expectInLog(/xds\.nack/);
      const from = edge.authplane.log.length;
      const good = { name: 'good', port: await freePort(), secret: 'edge-tls' };
      const bad = { name: 'taken', port: taken.port, secret: 'edge-tls' };
      const before = edge.options.listeners;
      await edge.change({ listeners: [...before, good, bad] });
      await edge.authplane.waitForLog('xds.nack', line => line.event === 'xds.nack', from);
      // An Envoy takes what is good in a response that it rejects.
      await waitFor(
        'the good listener',
        async () => (await edge.request({ port: good.port })).status === 200,
      );

      await edge.authplane.kill();
      await edge.change({ listeners: before });
      await edge.startAuthplane();
      await edge.envoy.waitForStat(
        'listener_manager.total_listeners_active',
        total => total === before.length,
      );
      expect((await edge.request()).status).to.equal(200);
      edge.assertClean();
    });
  });
}

async function nacks(edge: EdgeEnvironment): Promise<readonly Nack[]> {
  return ((await edge.authplane.api('/api/v1/nacks')) as { nacks: Nack[] }).nacks;
}

/** A port that another process of the machine listens on. */
async function takenPort(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
