import { expect } from 'chai';
import { Agent } from 'node:https';
import { EdgeEnvironment } from '../support/edge-environment.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { TRANSPORT_VARIANTS } from '../support/transport-variants.ts';
import { waitFor } from '../support/wait-for.ts';

for (const variant of TRANSPORT_VARIANTS) {
  describe(`a real Envoy over ${variant.name}`, function () {
    this.timeout(60_000);
    this.bail(true);
    let edge: EdgeEnvironment;

    before(async () => {
      edge = await EdgeEnvironment.start(variant);
    });
    afterEach(() => edge.assertClean());
    after(() => edge[Symbol.asyncDispose]());

    it('comes up from nothing and lets pass who may', async () => {
      expect((await edge.request()).status).to.equal(200);
      expect((await edge.request({ anonymous: true })).status).to.equal(401);
      expect((await edge.request({ method: 'DELETE' })).status).to.equal(403);
    });

    it('gets a new cluster and the route to it without a failed request', async () => {
      await using load = await edge.startLoad();
      if (!variant.ordered) {
        await edge.change({ clusters: { a: edge.a.port, b: edge.b.port } });
        await edge.envoy.waitForStat('cluster.b.membership_total', total => total === 1);
        await edge.change({ routeTo: 'b' });
        await load.waitForAll('from b', answer => answer.upstream === 'b');
      }
      await edge.change({ clusters: { b: edge.b.port }, routeTo: 'b' });
      await load.waitForAll('from b', answer => answer.upstream === 'b');
      await edge.envoy.waitForStat('cluster_manager.cluster_removed', removed => removed === 1);
      await load.stop();
      expect(load.failures).to.deep.equal([]);
      expect(load.handshakes).to.equal(4);
    });

    it('follows endpoints without a failed request', async () => {
      await using load = await edge.startLoad();
      await edge.change({ clusters: { b: edge.a.port } });
      await load.waitForAll('from a', answer => answer.upstream === 'a');
      await load.stop();
      expect(load.failures).to.deep.equal([]);
      expect(load.handshakes).to.equal(4);
    });

    it('gets a changed and a new listener without a failed request', async () => {
      const extraPort = await freePort();
      const [https] = edge.options.listeners;
      expect(https).to.not.equal(undefined);
      if (https === undefined) return;
      await using load = await edge.startLoad();
      const extra = { name: 'extra', port: extraPort, secret: 'edge-tls' };
      await edge.change({ listeners: [{ ...https, serverName: 'changed' }, extra] });
      await load.waitForAll('from the changed listener', answer => answer.serverName === 'changed');
      expect((await edge.request({ port: extraPort })).status).to.equal(200);
      await edge.change({ listeners: [{ ...https, serverName: 'changed' }] });
      await edge.envoy.waitForStat('listener_manager.listener_removed', removed => removed === 1);
      await load.stop();
      expect(load.failures).to.deep.equal([]);
    });

    it('rotates the certificate: new handshakes see it, old connections live', async () => {
      await using load = await edge.startLoad();
      const { serialNumber: before } = await edge.request();
      const { serialNumber: after } = await edge.issueCertificate('certs/edge');
      await waitFor('the new certificate', async () => (await edge.request()).serialNumber === after);
      await load.waitForAll('on old connections', answer => answer.serialNumber === before);
      await load.stop();
      expect(load.failures).to.deep.equal([]);
      expect(load.handshakes).to.equal(4);
    });

    it('changes who may do what on an open connection', async () => {
      using agent = disposable(new Agent({ keepAlive: true, maxSockets: 1 }));
      const remove = () => edge.request({ method: 'DELETE', agent });
      expect((await remove()).status).to.equal(403);
      await edge.change({ methods: ['GET', 'DELETE'] });
      const answer = await waitFor('DELETE is allowed', async () => {
        const last = await remove();
        return last.status === 200 && last;
      });
      expect(answer.reusedConnection).to.equal(true);
      await edge.change({ methods: ['GET'] });
      await waitFor('DELETE is denied', async () => (await remove()).status === 403);
    });
  });
}

function disposable(agent: Agent): Agent & Disposable {
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() });
}
