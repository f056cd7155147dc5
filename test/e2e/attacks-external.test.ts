import { expect } from 'chai';
import { authListener, authRoute, authRoutes, loopbackCluster } from '../support/auth-snapshot.ts';
import {
  startGrpcAuthorization,
  startHttpAuthorization,
  type AuthorizationService,
} from '../support/authorization-service.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { HttpClient } from '../support/http-client.ts';
import { EchoUpstream } from '../support/long-streams.ts';
import { ProxyEnvironment } from '../support/proxy-environment.ts';
import { waitFor } from '../support/wait-for.ts';

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};
const API_KEY = '0123456789abcdef';

describe('an external authorization service behind an auth chain, with a real Envoy', function () {
  this.timeout(60_000);
  this.bail(true);
  const stack = new AsyncDisposableStack();
  const services = new Map<string, AuthorizationService>();
  let environment: ProxyEnvironment;
  let client: HttpClient;
  const ask = (kind: string, fields: object = {}) =>
    client.request({ path: `/${kind}/x`, headers: { 'x-api-key': API_KEY }, ...fields });

  before(async () => {
    const upstream = stack.use(await EchoUpstream.start());
    const http = stack.use(await startHttpAuthorization());
    const grpc = stack.use(await startGrpcAuthorization());
    services.set('http', http).set('grpc', grpc);
    const port = await freePort();
    const nobody = await freePort();
    const chain = (name: string, external: object) => ({
      name,
      authenticate: [{ api_key: { file: 'keys.txt' } }],
      authorize: { external: { timeout: '0.3s', ...external } },
    });
    environment = stack.use(
      await ProxyEnvironment.start({
        bootstrap: 'ads-delta',
        files: {
          'keys.txt': `ci:${API_KEY}\n`,
          'edge.yaml': {
            listeners: [authListener({ port, chain: 'http' })],
            clusters: [
              loopbackCluster('up', upstream.port),
              loopbackCluster('http', http.port),
              loopbackCluster('grpc', grpc.port, HTTP2),
              loopbackCluster('down', nobody),
            ],
            routes: [
              authRoutes(
                ['http', 'grpc', 'down'].map(name =>
                  authRoute({ prefix: `/${name}/` }, 'up', { chain: name }),
                ),
              ),
            ],
            auth_chains: [
              chain('http', {
                cluster: 'http',
                max_body_bytes: 100,
                http: { path_prefix: '/check', upstream_headers: ['x-subject'] },
              }),
              chain('grpc', { cluster: 'grpc' }),
              chain('down', { cluster: 'down' }),
            ],
          },
        },
      }),
    );
    environment.envoy.expectProblem(/marked as work-in-progress/);
    client = stack.use(new HttpClient(port));
    await waitFor('the first answer', async () => (await ask('http')).status === 200);
  });

  after(async () => {
    await stack.disposeAsync();
  });

  for (const kind of ['http', 'grpc']) {
    it(`lets in over ${kind} only whom it allows, and nobody when it breaks or is late`, async () => {
      const service = services.get(kind);
      if (service === undefined) throw new Error('no such service');
      expect((await ask(kind)).status, 'allow').to.equal(200);
      for (const verdict of ['deny', 'error', 'slow'] as const) {
        service.verdict = verdict;
        const answer = await ask(kind);
        expect(answer.status, verdict).to.equal(403);
        expect(answer.durationMs, verdict).to.be.below(1_000);
      }
      service.verdict = 'allow';
      await waitFor('recovery', async () => (await ask(kind)).status === 200);
    });

    it(`is not asked over ${kind} about who was not authenticated`, async () => {
      const service = services.get(kind);
      const before = service?.asked.length;
      expect((await client.request({ path: `/${kind}/x` })).status).to.equal(401);
      expect(
        (await client.request({ path: `/${kind}/x`, headers: { 'x-api-key': 'wrong' } })).status,
      ).to.equal(401);
      expect(service?.asked.length).to.equal(before);
    });
  }

  it('lets in nobody while it is down', async () => {
    expect((await ask('down')).status).to.equal(403);
  });

  it('sees the path that the upstream will see', async () => {
    services.get('http')?.asked.splice(0);
    await ask('http', { path: '/http/../http//a/%2e%2e/x' });
    expect(services.get('http')?.asked).to.deep.equal(['/check/http/x']);
  });

  it('sets headers that a client cannot', async () => {
    const answer = await ask('http', { headers: { 'x-api-key': API_KEY, 'x-subject': 'root' } });
    const { headers } = JSON.parse(answer.body) as { headers: Record<string, string> };
    expect(headers['x-subject']).to.equal('service');
    const other = await ask('grpc', { headers: { 'x-api-key': API_KEY, 'x-subject': 'root' } });
    expect((JSON.parse(other.body) as { headers: object }).headers).not.to.have.property('x-subject');
  });

  it('refuses a body that is larger than it would see', async () => {
    expect((await ask('http', { method: 'POST', body: 'x'.repeat(100) })).status).to.equal(200);
    expect((await ask('http', { method: 'POST', body: 'x'.repeat(10_000) })).status).to.equal(413);
  });

  it('cannot be passed by a path without a route', async () => {
    // Envoy asks nobody about a request without a route; the guard refuses it before the router would answer 404.
    expect((await client.request({ path: '/nowhere' })).status).to.equal(403);
    environment.assertClean();
  });
});
