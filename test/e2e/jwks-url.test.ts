import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testClaims,
  testProvider,
} from '../support/auth-snapshot.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { HttpClient } from '../support/http-client.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { ProxyEnvironment } from '../support/proxy-environment.ts';
import { Upstream } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

for (const bootstrap of ['ads-delta', 'ads-sotw']) {
  describe(`a fetched key set with a real Envoy (${bootstrap})`, function () {
    this.timeout(60_000);
    this.bail(true);
    const [k1, k2] = [new TokenKey('k1'), new TokenKey('k2')];
    const stack = new AsyncDisposableStack();
    let environment: ProxyEnvironment;
    let client: HttpClient;
    let idpPort: number;
    let idp: Server | undefined;
    let document = jwksOf([k1]);

    const status = (key: TokenKey) => client.status({ path: '/x', token: key.sign(testClaims()) });

    async function idpUp(): Promise<void> {
      idp = createServer((_request, response) => response.end(document));
      idp.listen(idpPort, '127.0.0.1');
      await once(idp, 'listening');
    }

    async function idpDown(): Promise<void> {
      idp?.close();
      idp?.closeAllConnections();
      if (idp !== undefined) await once(idp, 'close');
      idp = undefined;
    }

    before(async () => {
      const upstream = stack.use(await Upstream.start('up'));
      stack.defer(idpDown);
      idpPort = await freePort();
      const port = await freePort();
      const jwks = { url: `http://127.0.0.1:${idpPort}/keys`, refresh: '1s', overlap: '2s' };
      environment = stack.use(
        await ProxyEnvironment.start({
          bootstrap,
          files: {
            'edge.yaml': {
              listeners: [authListener({ port, chain: 'api' })],
              clusters: [loopbackCluster('up', upstream.port)],
              routes: [
                authRoutes([
                  authRoute({ path: '/open' }, 'up', { public: { reason: 'everybody may see it' } }),
                  authRoute({ prefix: '/' }, 'up'),
                ]),
              ],
              jwt_providers: [testProvider({ jwks })],
              auth_chains: [{ name: 'api', authenticate: [{ jwt: { provider: 'idp' } }] }],
            },
          },
        }),
      );
      client = stack.use(new HttpClient(port, { maxSockets: 1 }));
      await waitFor('the public route', async () => (await client.status({ path: '/open' })) === 200);
    });

    after(async () => {
      await stack.disposeAsync();
    });

    it('denies everything but public routes while it was never fetched', async () => {
      expect(await status(k1)).to.equal(403);
      expect(await client.status({ path: '/x' })).to.equal(403);
      expect(await client.status({ path: '/open' })).to.equal(200);
      expect(environment.authplane.log.some(entry => entry.event === 'jwks.failed')).to.equal(true);
    });

    it('lets in by itself once the server answers', async () => {
      await idpUp();
      await waitFor('the key', async () => (await status(k1)) === 200);
      expect(await client.status({ path: '/x' })).to.equal(401);
      expect(await status(k2)).to.equal(401);
      expect(await environment.authplane.metrics()).to.match(/authplane_jwks_keys\{provider="idp"\} 1/);
    });

    it('follows a rotation, with the old key until the overlap is over', async () => {
      document = jwksOf([k2]);
      await waitFor('the new key', async () => (await status(k2)) === 200);
      expect(await status(k1), 'in the overlap').to.equal(200);
      await waitFor('the end of the overlap', async () => (await status(k1)) === 401);
      expect(await status(k2)).to.equal(200);
    });

    it('keeps the last good one while the server is down or answers with symmetric keys', async () => {
      const from = environment.authplane.log.length;
      document = JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0LWNhbmFyeQ', kid: 'k2', alg: 'HS256' }] });
      await environment.authplane.waitForLog('refusal', entry => entry.event === 'jwks.failed', from);
      expect(await status(k2)).to.equal(200);
      await idpDown();
      await environment.authplane.waitForLog('failure', entry => /ECONNREFUSED/.test(entry.msg ?? ''), from);
      expect(await status(k2)).to.equal(200);
      expect(JSON.stringify(environment.authplane.log)).not.to.contain('c2VjcmV0LWNhbmFyeQ');
    });

    it('has its keys after a restart with the server down', async () => {
      environment.envoy.expectProblem(/gRPC config stream to authplane closed/);
      await environment.authplane.stop();
      await environment.startAuthplane();
      await environment.envoy.waitForStat('control_plane.connected_state', connected => connected === 1);
      await environment.authplane.waitForLog('failure', entry => entry.event === 'jwks.failed', 0);
      expect(await status(k2)).to.equal(200);
      expect(await status(k1)).to.equal(401);
      environment.envoy.assertClean();
    });
  });
}
