import { expect } from 'chai';
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

const PUBLIC = { public: { reason: 'everybody may see it' } };

describe('an edit that opens a door, with a real Envoy', function () {
  this.timeout(60_000);
  this.bail(true);
  const key = new TokenKey();
  const stack = new AsyncDisposableStack();
  let environment: ProxyEnvironment;
  let client: HttpClient;
  let port: number;
  let upstream: Upstream;

  const chain = (fields: object = {}) => ({
    name: 'api',
    authenticate: [{ jwt: { provider: 'idp' } }],
    authorize: { policies: ['devs'] },
    ...fields,
  });
  const policy = (principals: object = { jwt: { claims: { groups: { any: ['dev'] } } } }) => ({
    name: 'devs',
    effect: 'allow',
    principals,
  });
  const base = (changes: object = {}) => ({
    listeners: [authListener({ port, chain: 'api' })],
    clusters: [loopbackCluster('up', upstream.port)],
    routes: [authRoutes([authRoute({ prefix: '/' }, 'up')])],
    jwt_providers: [testProvider()],
    auth_chains: [chain()],
    policies: [policy()],
    ...changes,
  });

  /** The three kinds of callers are treated as before. */
  async function expectProtected(): Promise<void> {
    const token = (groups: readonly string[]): string => key.sign(testClaims({ groups }));
    expect(await client.status({ path: '/x' }), 'nobody').to.equal(401);
    expect(await client.status({ path: '/x', token: token(['guest']) }), 'a guest').to.equal(403);
    expect(await client.status({ path: '/x', token: token(['dev']) }), 'a dev').to.equal(200);
  }

  before(async () => {
    upstream = stack.use(await Upstream.start('up'));
    port = await freePort();
    environment = stack.use(
      await ProxyEnvironment.start({
        bootstrap: 'ads-delta',
        files: { 'jwks.json': jwksOf([key]), 'edge.yaml': base() },
      }),
    );
    client = stack.use(new HttpClient(port, { maxSockets: 1 }));
    await waitFor('the first answer', async () => (await client.status({ path: '/x' })) === 401);
  });

  after(async () => {
    await stack.disposeAsync();
  });

  const edits: Readonly<Record<string, readonly [code: string, changes: () => object]>> = {
    'deletes the authorization': ['AP1924', () => ({ auth_chains: [chain({ authorize: undefined })] })],
    'deletes the filter from the listener': [
      'AP1924',
      () => {
        const listener = authListener({ port, chain: 'api' });
        listener.filter_chains[0]?.filters[0]?.typed_config.http_filters.shift();
        return { listeners: [listener] };
      },
    ],
    'asks a cluster that does not exist': [
      'AP1301',
      () => ({ auth_chains: [chain({ authorize: { policies: ['devs'], external: { cluster: 'ghost' } } })] }),
    ],
    'puts a broader public route first': [
      'AP1924',
      () => ({
        routes: [authRoutes([authRoute({ prefix: '/' }, 'up', PUBLIC), authRoute({ path: '/x' }, 'up')])],
      }),
    ],
    'misspells the name of a chain': [
      'AP1901',
      () => ({ routes: [authRoutes([authRoute({ prefix: '/' }, 'up', { chain: 'apii' })])] }),
    ],
    'empties a policy': ['AP1907', () => ({ policies: [policy({})] })],
  };

  for (const [name, [code, changes]] of Object.entries(edits)) {
    it(`${name} is refused with file and line, and changes nothing`, async () => {
      environment.expectInLog(/snapshot\.rejected/, new RegExp(code));
      const from = environment.authplane.log.length;
      await environment.snapshots.write('edge.yaml', base(changes()));
      const refusal = await environment.authplane.waitForLog(
        code,
        entry => entry.event === 'snapshot.rejected' && entry['error_code'] === code,
        from,
        15_000,
      );
      expect(refusal.msg).to.match(/^edge\.yaml:\d+:\d+ error /);
      await expectProtected();
      const again = environment.authplane.log.length;
      await environment.snapshots.write('edge.yaml', base());
      await environment.authplane.waitForLog(
        'the good file',
        entry => /^snapshot\.(?!rejected)/.test(entry.event ?? ''),
        again,
      );
      await expectProtected();
    });
  }

  it('is refused also when the file is renamed on the way', async () => {
    const from = environment.authplane.log.length;
    await environment.snapshots.write('moved.yaml', base({ auth_chains: [chain({ authorize: undefined })] }));
    await environment.snapshots.remove('edge.yaml');
    await environment.authplane.waitForLog(
      'AP1924',
      entry => entry.event === 'snapshot.rejected' && entry['error_code'] === 'AP1924',
      from,
      15_000,
    );
    await expectProtected();
  });

  it('is refused also by an authplane that was started anew', async () => {
    environment.envoy.expectProblem(/gRPC config stream to authplane closed/);
    await environment.authplane.stop();
    await environment.startAuthplane();
    await environment.authplane.waitForLog(
      'AP1924',
      entry => entry.event === 'snapshot.rejected' && entry['error_code'] === 'AP1924',
      0,
      15_000,
    );
    await environment.envoy.waitForStat('control_plane.connected_state', connected => connected === 1);
    await expectProtected();
  });

  it('passes with a waiver', async () => {
    const waivers = [
      { reason: 'everybody may see it now', expires: new Date(Date.now() + 60_000).toISOString() },
    ];
    await environment.snapshots.write(
      'moved.yaml',
      base({ auth_chains: [chain({ authorize: undefined })], posture_waivers: waivers }),
    );
    const token = key.sign(testClaims({ groups: ['guest'] }));
    await waitFor('the guest to be let in', async () => (await client.status({ path: '/x', token })) === 200);
    environment.envoy.assertClean();
  });
});
