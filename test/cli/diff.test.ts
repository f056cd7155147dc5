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
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { writeFiles } from '../support/snapshot-files.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const PUBLIC = { public: { reason: 'probes of the load balancer' } };
const devs = (groups: readonly string[]) => ({
  name: 'devs',
  effect: 'allow',
  principals: { jwt: { claims: { groups: { any: groups } } } },
});
const file = (changes: object = {}) => ({
  listeners: [authListener({ port: 10_000, chain: 'api' })],
  clusters: [loopbackCluster('up', 10_001)],
  routes: [authRoutes([authRoute({ path: '/health' }, 'up', PUBLIC), authRoute({ prefix: '/' }, 'up')])],
  jwt_providers: [testProvider()],
  auth_chains: [
    { name: 'api', authenticate: [{ jwt: { provider: 'idp' } }], authorize: { policies: ['devs'] } },
  ],
  policies: [devs(['dev'])],
  ...changes,
});

describe('authplane diff', () => {
  let directory: TemporaryDirectory;
  const jwks = jwksOf([new TokenKey()]);

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(async () => {
    await directory[Symbol.asyncDispose]();
  });

  async function diff(before: object, after: object, ...more: readonly string[]) {
    for (const [name, content] of Object.entries({ old: before, new: after })) {
      await mkdir(join(directory.path, name), { recursive: true });
      const files = { 'edge.yaml': JSON.stringify(content), 'jwks.json': jwks };
      await writeFiles(join(directory.path, name), files);
    }
    return runCli(['diff', join(directory.path, 'old'), join(directory.path, 'new'), ...more]);
  }

  it('finds no differences between equal directories', async () => {
    const { code, stdout } = await diff(file(), file());
    expect(stdout).to.equal('no differences\n');
    expect(code).to.equal(0);
  });

  it('shows what a chain demands before and after, and that nothing drains', async () => {
    const { code, stdout } = await diff(
      file(),
      file({ auth_chains: [{ name: 'api', authenticate: [{ jwt: { provider: 'idp' } }] }] }),
    );
    expect(code).to.equal(3);
    expect(stdout).to.match(
      /WEAKER +route 2 \(prefix \/\).*api: jwt, then devs +api: jwt +it is no longer authorized/,
    );
    expect(stdout).to.match(/PUBLIC.*\n.*\/health.*probes of the load balancer/);
    expect(stdout).to.match(/ecds +changed +authplane\/slot-\d+/);
    expect(stdout).to.contain('drains nothing');
  });

  it('names policies that changed, and calls a route stronger or new', async () => {
    const policies = await diff(file(), file({ policies: [devs(['dev', 'ops'])] }));
    expect(policies.stdout).to.match(/CHANGED .*policy devs changed/);
    const stronger = await diff(
      file(),
      file({
        routes: [authRoutes([authRoute({ path: '/health' }, 'up'), authRoute({ prefix: '/' }, 'up')])],
      }),
    );
    expect(stronger.stdout).to.match(/STRONGER +route 1 \(path \/health\)/);
    const added = await diff(
      file(),
      file({
        routes: [
          authRoutes([
            authRoute({ path: '/health' }, 'up', PUBLIC),
            authRoute({ prefix: '/v2/' }, 'up'),
            authRoute({ prefix: '/' }, 'up'),
          ]),
        ],
      }),
    );
    expect(added.stdout).to.match(/NEW +route 2 \(prefix \/v2\/\)/);
  });

  it('names the listeners whose connections drain', async () => {
    const { stdout } = await diff(
      file(),
      file({ listeners: [authListener({ port: 10_000, chain: 'api', manager: { server_name: 'x' } })] }),
    );
    expect(stdout).to.contain('drains the connections of: edge');
  });

  it('prints JSON with every route', async () => {
    const { stdout } = await diff(file(), file({ policies: [devs(['ops'])] }), '-o', 'json');
    const { groups } = JSON.parse(stdout) as { groups: { routes: { change: string }[] }[] };
    expect(groups[0]?.routes.map(({ change }) => change)).to.deep.equal(['same', 'changed']);
  });

  it('ends with 2 when one side is not valid', async () => {
    const { code, stderr } = await diff(file(), file({ policies: [] }));
    expect(code).to.equal(2);
    expect(stderr).to.contain('AP1901');
  });
});
