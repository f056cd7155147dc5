import { expect } from 'chai';
import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testClaims,
  testProvider,
} from '../support/auth-snapshot.ts';
import { olderEnvoyBinary } from '../support/envoy-binary.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { HttpClient } from '../support/http-client.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { ProxyEnvironment } from '../support/proxy-environment.ts';
import { Upstream, type UpstreamAnswer } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

for (const bootstrap of ['ads-delta', 'ads-sotw']) {
  describe(`auth chains with an Envoy that has no filter_chain (${bootstrap})`, function () {
    this.timeout(90_000);
    this.bail(true);
    const key = new TokenKey();
    const stack = new AsyncDisposableStack();
    let environment: ProxyEnvironment;
    let client: HttpClient;
    const token = (claims: Readonly<Record<string, unknown>> = {}) => key.sign(testClaims(claims));

    before(async () => {
      const upstream = stack.use(await Upstream.start('up'));
      const port = await freePort();
      environment = stack.use(
        await ProxyEnvironment.start({
          bootstrap,
          binary: await olderEnvoyBinary(),
          files: {
            'jwks.json': jwksOf([key]),
            'edge.yaml': {
              listeners: [authListener({ port, chain: 'api' })],
              clusters: [loopbackCluster('up', upstream.port)],
              routes: [
                authRoutes([
                  authRoute({ path: '/open' }, 'up', { public: { reason: 'everybody may see it' } }),
                  authRoute({ prefix: '/any/' }, 'up', { chain: 'any' }),
                  authRoute({ prefix: '/' }, 'up'),
                ]),
              ],
              jwt_providers: [testProvider({ claim_to_headers: [{ header: 'x-user', claim: 'sub' }] })],
              auth_chains: [
                { name: 'any', authenticate: [{ jwt: { provider: 'idp' } }] },
                {
                  name: 'api',
                  authenticate: [{ jwt: { provider: 'idp' } }],
                  authorize: { policies: ['devs'] },
                  cors: { origins: ['https://app.example'] },
                },
              ],
              policies: [
                {
                  name: 'devs',
                  effect: 'allow',
                  principals: { jwt: { claims: { groups: { any: ['dev'] } } } },
                  when: "claims.sub != 'mallory'",
                },
              ],
            },
          },
        }),
      );
      client = stack.use(new HttpClient(port));
      await waitFor('the public route', async () => (await client.status({ path: '/open' })) === 200);
    });

    after(async () => {
      await stack.disposeAsync();
    });

    it('decide the same', async () => {
      expect(await client.status({ path: '/x' })).to.equal(401);
      expect(await client.status({ path: '/x', token: token() })).to.equal(403);
      expect(await client.status({ path: '/x', token: token({ groups: ['dev'] }) })).to.equal(200);
      expect(await client.status({ path: '/x', token: token({ groups: ['dev'], sub: 'mallory' }) })).to.equal(
        403,
      );
      expect(await client.status({ path: '/any/x' })).to.equal(401);
      const answer = await client.request({ path: '/open', headers: { 'x-user': 'root' } });
      expect((JSON.parse(answer.body) as UpstreamAnswer).headers).not.to.have.property('x-user');
      expect(await client.status({ path: '/any/a;b', token: token() }), 'the path guard').to.equal(403);
    });

    it('answer preflight requests', async () => {
      const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
      const answer = await client.request({ path: '/x', method: 'OPTIONS', headers });
      expect(answer.status).to.equal(200);
      expect(answer.headers['access-control-allow-origin']).to.equal('https://app.example');
    });

    it('follow an edit by a change of the listener, which authplane says of the node', async () => {
      const guest = token({ groups: ['guest'] });
      await environment.snapshots.edit('edge.yaml', '"dev"', '"guest"');
      await waitFor('the guest', async () => (await client.status({ path: '/x', token: guest })) === 200);
      const nodes = JSON.stringify(await environment.authplane.api('/api/v1/nodes'));
      expect(nodes).to.contain('"auth_edits":"drain"');
      environment.assertClean();
    });
  });
}
