import { expect } from 'chai';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testProvider,
} from '../support/auth-snapshot.ts';
import { runCli } from '../support/cli.ts';
import { envoyBinary } from '../support/envoy-binary.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { writeFiles } from '../support/snapshot-files.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};
const TOKEN = { provider: 'idp', claims: { groups: ['dev'] } };

const snapshot = (groups: readonly string[] = ['dev']) => ({
  listeners: [authListener({ port: 10_000, chain: 'api', filter: { remove_headers: ['x-internal'] } })],
  clusters: [loopbackCluster('up', 10_001), loopbackCluster('pdp', 10_002, HTTP2)],
  routes: [
    authRoutes([
      authRoute({ path: '/health' }, 'up', { public: { reason: 'probes of the load balancer' } }),
      authRoute({ prefix: '/asked/' }, 'up', { chain: 'asked' }),
      authRoute({ prefix: '/' }, 'up'),
    ]),
  ],
  jwt_providers: [testProvider({ claim_to_headers: [{ header: 'x-user', claim: 'sub' }] })],
  auth_chains: [
    { name: 'api', authenticate: [{ jwt: { provider: 'idp' } }], authorize: { policies: ['devs'] } },
    {
      name: 'asked',
      authenticate: [{ api_key: { file: 'keys.txt', header: 'x-token' } }, { basic: { file: 'users.txt' } }],
      authorize: { external: { cluster: 'pdp', timeout: '2s' } },
    },
  ],
  policies: [{ name: 'devs', effect: 'allow', principals: { jwt: { claims: { groups: { any: groups } } } } }],
});

const CASES = {
  cases: [
    {
      name: 'public',
      request: { path: '/health', headers: { 'x-internal': '1' } },
      expect: { absent_headers: ['x-internal'] },
    },
    { name: 'no token', request: { path: '/x' }, expect: { decision: 'deny', status: 401 } },
    {
      name: 'a dev',
      request: { path: '/x', token: TOKEN },
      expect: { status: 200, upstream_headers: { 'x-user': 'authplane-test' } },
    },
    {
      name: 'a guest',
      request: { path: '/x', token: { provider: 'idp' } },
      expect: { decision: 'deny', status: 403 },
    },
    {
      name: 'forged',
      request: { path: '/x', token: { ...TOKEN, forged: true } },
      expect: { decision: 'deny', status: 401 },
    },
    {
      name: 'expired',
      request: { path: '/x', token: { ...TOKEN, expires_in: '-60s' } },
      expect: { decision: 'deny', status: 401 },
    },
    {
      name: 'no expiry',
      request: { path: '/x', token: { provider: 'idp', claims: { exp: null } } },
      expect: { decision: 'deny', status: 401 },
    },
    {
      name: 'an API key',
      request: { path: '/asked/x', api_key_client: 'ci' },
      expect: { upstream_headers: { 'x-api-client': 'ci' } },
    },
    { name: 'a password', request: { path: '/asked/x', basic_user: 'bob' }, expect: { status: 200 } },
    {
      name: 'the service says no',
      request: { path: '/asked/x', api_key_client: 'ci' },
      external: 'deny',
      expect: { decision: 'deny', status: 403 },
    },
    { name: 'a spelling', request: { path: '/health/../x' }, expect: { decision: 'deny', status: 401 } },
  ],
};

describe('authplane test', function () {
  this.timeout(60_000);
  let directory: TemporaryDirectory;

  before(async () => {
    directory = await temporaryDirectory();
    for (const [name, groups] of [
      ['snapshots', ['dev']],
      ['other', ['nobody']],
    ] as const) {
      await mkdir(join(directory.path, name));
      await writeFiles(join(directory.path, name), {
        'edge.yaml': JSON.stringify(snapshot(groups)),
        'jwks.json': jwksOf([new TokenKey()]),
        'keys.txt': 'real:0123456789abcdef\n',
        'users.txt': `real:{SHA}${'A'.repeat(27)}=\n`,
      });
    }
  });

  after(async () => {
    await directory[Symbol.asyncDispose]();
  });

  async function test(cases: object | string, ...more: readonly string[]) {
    const file = join(directory.path, 'cases.yaml');
    await writeFiles(directory.path, {
      'cases.yaml': typeof cases === 'string' ? cases : JSON.stringify(cases, undefined, 1),
    });
    const snapshots = join(directory.path, 'snapshots');
    return runCli(['test', snapshots, '--cases', file, '--envoy-binary', await envoyBinary(), ...more]);
  }

  it('replays cases with keys that it makes, and ends with 0 when all is as expected', async () => {
    const { code, stdout, stderr } = await test(CASES);
    expect(stdout).to.contain(`${CASES.cases.length} passed, 0 failed`);
    expect(code, stdout).to.equal(0);
    expect(stderr).to.contain('starting Envoy');
    expect(stdout + stderr).not.to.contain('0123456789abcdef');
  });

  it('ends with 2 at a mismatch, and names it with its place', async () => {
    const wrong = { cases: [...CASES.cases.slice(0, 2), { ...CASES.cases[3], expect: { status: 200 } }] };
    const { code, stdout } = await test(wrong);
    expect(code).to.equal(2);
    expect(stdout).to.match(
      /FAILED {2}a guest \(.*cases\.yaml:\d+\): expected allow, got deny \(403\); expected status 200, got 403/,
    );
    expect(stdout).to.contain('2 passed, 1 failed');
  });

  it('shows where decisions differ from another snapshot', async () => {
    const { code, stdout } = await test(CASES, '--against', join(directory.path, 'other'));
    expect(code).to.equal(0);
    expect(stdout).to.match(/decisions that change:\n {2}a dev: deny -> allow\n\n/);
  });

  it('prints JSON', async () => {
    const { stdout } = await test({ cases: CASES.cases.slice(0, 2) }, '-o', 'json');
    const { cases } = JSON.parse(stdout) as { cases: { case: string; ok: boolean; status: number }[] };
    expect(cases.map(({ ok, status }) => [ok, status])).to.deep.equal([
      [true, 200],
      [true, 401],
    ]);
  });

  it('reports mistakes in case files with their place, before anything is started', async () => {
    const unknown = await test('cases:\n- name: x\n  request: {pth: /x}\n  expect: {}\n');
    expect(unknown.code).to.equal(2);
    expect(unknown.stdout + unknown.stderr).to.match(/cases\.yaml:3:\d+ error unknown field "pth".*AP1101/s);
    expect((await test('cases: []\n')).stdout + (await test('cases: []\n')).stderr).to.contain('AP1201');
    const nobody = await test({ node: { id: 'x' }, listener: 'ghost', cases: CASES.cases.slice(0, 1) });
    expect(nobody.code).to.equal(2);
    expect(nobody.stderr).to.contain('there is no listener "ghost"');
  });
});
