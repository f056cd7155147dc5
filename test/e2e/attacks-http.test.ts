import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:http2';
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
import { EchoUpstream, LongWebsocket } from '../support/long-streams.ts';
import { ProxyEnvironment } from '../support/proxy-environment.ts';
import { rawRequest, statusesOf } from '../support/raw-request.ts';
import { waitFor } from '../support/wait-for.ts';

/** Spellings that mean /api/secret, or might to some upstream. */
const SPELLINGS: readonly string[] = [
  '/api/secret',
  '//api/secret',
  '/./api/secret',
  '/open/../api/secret',
  '/open/%2e%2e/api/secret',
  '/open/.%2e/api/secret',
  '/open/..%2fapi/secret',
  '/open%2f..%2fapi/secret',
  '/open/..%5capi/secret',
  '/open\\..\\api\\secret',
  '/open/..;/api/secret',
  '/open;/../api/secret',
  '/open/;x/../../api/secret',
  '/%61pi/secret',
  '/%2fapi/secret',
  '/%252fapi/secret',
  '/open/%252e%252e/api/secret',
  '/%c0%afapi/secret',
  '/open/%c0%ae%c0%ae/api/secret',
  '/open/%e0%80%ae%e0%80%ae/api/secret',
  '/api%00/secret',
  '/api/secret%20',
  '/api/secret.',
  '/API/secret',
  '/api/secret;a=b',
  '/api/secret%3ba=b',
  '/open/x%0d%0ax',
  'http://localhost/api/secret',
];

describe('attacks with paths and framing on an auth chain, with a real Envoy', function () {
  this.timeout(60_000);
  const key = new TokenKey();
  const stack = new AsyncDisposableStack();
  let client: HttpClient;
  let loose: HttpClient;
  let port: number;
  const token = () => key.sign(testClaims());

  before(async () => {
    const upstream = stack.use(await EchoUpstream.start());
    port = await freePort();
    const loosePort = await freePort();
    stack.use(
      await ProxyEnvironment.start({
        bootstrap: 'ads-delta',
        files: {
          'jwks.json': jwksOf([key]),
          'edge.yaml': {
            listeners: [
              authListener({ port, chain: 'api' }),
              authListener({
                name: 'loose',
                port: loosePort,
                chain: 'api',
                filter: { path_guard_off: { reason: 'matrix parameters are used by the shop' } },
              }),
            ],
            clusters: [loopbackCluster('up', upstream.port)],
            routes: [
              {
                name: 'main',
                virtual_hosts: [
                  {
                    name: 'open',
                    domains: ['open.test'],
                    routes: [authRoute({ prefix: '/' }, 'up', { public: { reason: 'the public site' } })],
                  },
                  ...authRoutes([
                    authRoute({ prefix: '/open/' }, 'up', { public: { reason: 'everybody may see it' } }),
                    {
                      ...authRoute({ path: '/ws' }, 'up'),
                      route: { cluster: 'up', upgrade_configs: [{ upgrade_type: 'websocket' }] },
                    },
                    authRoute({ prefix: '/' }, 'up'),
                  ]).virtual_hosts,
                ],
              },
            ],
            jwt_providers: [testProvider()],
            auth_chains: [
              {
                name: 'api',
                authenticate: [{ jwt: { provider: 'idp' } }],
                authorize: { policies: ['api'] },
              },
            ],
            policies: [
              {
                name: 'api',
                effect: 'allow',
                principals: { jwt: {} },
                requests: { paths: [{ prefix: '/api/' }, { exact: '/ws' }, { prefix: '/shop' }] },
              },
            ],
          },
        },
      }),
    );
    client = stack.use(new HttpClient(port));
    loose = stack.use(new HttpClient(loosePort));
    await waitFor('the first answer', async () => (await client.status({ path: '/open/' })) === 200);
    await waitFor('the other', async () => (await loose.status({ path: '/open/' })) === 200);
  });

  after(async () => {
    await stack.disposeAsync();
  });

  for (const path of SPELLINGS) {
    it(`reach nothing without a token by ${JSON.stringify(path)}`, async () => {
      const answer = await rawRequest(port, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      const [status, ...more] = statusesOf(answer);
      expect([400, 401, 403, 404], answer).to.include(status);
      expect(more).to.deep.equal([]);
    });
  }

  it('reach with a token only what the policy allows, however it is spelled', async () => {
    const reached: string[] = [];
    for (const path of SPELLINGS) {
      const answer = await rawRequest(
        port,
        `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token()}\r\nconnection: close\r\n\r\n`,
      );
      if (statusesOf(answer)[0] !== 200) continue;
      const { path: seen } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { path: string };
      reached.push(seen);
    }
    for (const path of reached) expect(path).to.match(/^\/api\/[^;%]*(%20)?$/);
    expect(reached.length).to.be.above(4);
  });

  it('pass as ordinary paths, with escapes and UTF-8 in them', async () => {
    for (const path of [
      '/open/a%20b',
      '/open/caf%C3%A9',
      '/open/%E2%82%AC',
      '/open/%F0%9F%98%80',
      '/open/a+b,c=d~e!$&()*@:',
    ]) {
      expect(await client.status({ path }), path).to.equal(200);
    }
    for (const path of [
      '/open/a;b',
      '/open/a%25b',
      '/open/%ff',
      '/open/%ed%a0%80',
      '/open/%f4%90%80%80',
      '/open/a%3Bb',
      '/open/%7f',
    ]) {
      expect(await client.status({ path }), path).to.equal(403);
    }
  });

  it('are let through where a reason says so, and meet the chain all the same', async () => {
    expect(await loose.status({ path: '/shop;id=1' })).to.equal(401);
    expect(await loose.status({ path: '/shop;id=1', token: token() })).to.equal(200);
    expect(await client.status({ path: '/shop;id=1', token: token() })).to.equal(403);
    expect(await loose.status({ path: '/open/../api/secret' })).to.equal(401);
    expect(await loose.status({ path: '/open/..%2fapi/secret' })).to.equal(400);
  });

  const framings: Readonly<Record<string, string>> = {
    'Content-Length beside Transfer-Encoding':
      'content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'two Content-Lengths': 'content-length: 0\r\ncontent-length: 5\r\n\r\nGET /',
    'an unknown Transfer-Encoding': 'transfer-encoding: xchunked\r\n\r\n0\r\n\r\n',
    'a space before the colon': 'transfer-encoding : chunked\r\n\r\n0\r\n\r\n',
    'a folded header': 'x-a: 1\r\n folded\r\n\r\n',
    'a bare LF': 'x-a: 1\n\n',
    'a second request behind a body': `content-length: 4\r\n\r\nabcdGET /api/secret HTTP/1.1\r\nhost: x\r\n\r\n`,
    'a chunk that hides a request': `transfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /api/secret HTTP/1.1\r\nhost: x\r\n\r\n`,
    'two Hosts': 'host: open.test\r\n\r\n',
  };
  for (const [name, rest] of Object.entries(framings)) {
    it(`get no protected answer by ${name}`, async () => {
      const answer = await rawRequest(port, `POST /api/secret HTTP/1.1\r\nhost: x\r\n${rest}`);
      expect(statusesOf(answer), answer).not.to.include(200);
    });
  }

  it('get no protected answer by a host that another route serves publicly', async () => {
    const both = await rawRequest(port, 'GET /api/secret HTTP/1.1\r\nhost: x\r\nhost: open.test\r\n\r\n');
    expect(statusesOf(both), both).not.to.include(200);
    const absolute = await rawRequest(port, 'GET http://x/api/secret HTTP/1.1\r\nhost: open.test\r\n\r\n');
    expect(statusesOf(absolute), absolute).to.deep.equal([401]);
    const none = await rawRequest(port, 'GET /api/secret HTTP/1.1\r\n\r\n');
    expect(statusesOf(none), none).to.deep.equal([400]);
    const old = await rawRequest(port, 'GET /api/secret HTTP/1.0\r\n\r\n');
    expect(statusesOf(old), old).not.to.include(200);
  });

  it('get nothing by other methods', async () => {
    for (const method of ['HEAD', 'OPTIONS', 'POST', 'DELETE', 'TRACE', 'BREW']) {
      expect([400, 401, 404], method).to.include(await client.status({ path: '/api/secret', method }));
    }
    for (const line of ['CONNECT x:80', 'OPTIONS *', 'PRI *']) {
      const answer = await rawRequest(port, `${line} HTTP/1.1\r\nhost: x\r\n\r\n`);
      expect(statusesOf(answer), line).not.to.include(200);
    }
  });

  it('get no websocket without a token', async () => {
    const refused = await LongWebsocket.open(port, '/ws', 'a.b.c').then(
      () => 'opened',
      (thrown: unknown) => String(thrown),
    );
    expect(refused).to.match(/no upgrade: 401/);
    using websocket = await LongWebsocket.open(port, '/ws', token());
    expect(await websocket.echo('ping')).to.equal(true);
  });

  it('get nothing over HTTP/2, gRPC included', async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => undefined);
    const ask = async (headers: Readonly<Record<string, string>>) => {
      const stream = session.request({ ':path': '/api/secret', ...headers });
      stream.on('error', () => undefined);
      stream.end();
      const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
      return answer;
    };
    try {
      expect((await ask({}))[':status']).to.equal(401);
      expect((await ask({ authorization: `Bearer ${token()}` }))[':status']).to.equal(200);
      const grpc = await ask({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' });
      expect(grpc['grpc-status']).to.equal('16');
      expect((await ask({ ':path': '/open/../api/secret' }))[':status']).to.equal(401);
    } finally {
      session.destroy();
    }
  });
});
