import { expect } from 'chai';
import { fromJson, toBinary, type JsonObject } from '@bufbuild/protobuf';
import { makeResource } from '../../src/resources/frame.ts';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { makeSnapshot, resourcesOf, type Snapshot } from '../../src/resources/snapshot.ts';
import { EXTENSION_CONFIG } from '../../src/resources/type-url.ts';
import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testClaims,
  testProvider,
} from '../support/auth-snapshot.ts';
import { loadBootstrap } from '../support/bootstrap.ts';
import { compile, linesOf } from '../support/compile.ts';
import { EnvoyProcess } from '../support/envoy-process.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { HttpClient } from '../support/http-client.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { testSchema } from '../support/schema.ts';
import { Upstream } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';
import { startXdsServer, type RunningServer } from '../support/xds-server.ts';

/** The snapshot with other contents of slots. */
function withSlots(snapshot: Snapshot, change: (slot: Resource) => Resource | undefined): Snapshot {
  const contents = [...resourcesOf(snapshot, EXTENSION_CONFIG).byName.values()].flatMap(
    slot => change(slot) ?? [],
  );
  const resources = new Map(snapshot.resources).set(EXTENSION_CONFIG, ResourceSet.of(contents));
  return makeSnapshot(snapshot.files, resources, { auth: snapshot.auth });
}

/** Content that Envoy does not take: a filter chain inside a filter chain. */
function broken(slot: Resource): Resource {
  const desc = testSchema().registry.getMessage('envoy.config.core.v3.TypedExtensionConfig');
  if (desc === undefined) throw new Error('the schema lacks TypedExtensionConfig');
  const chain = (filters: readonly JsonObject[]): JsonObject => ({
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig',
    default_filter_chain: { filters: [...filters] },
  });
  const inner = chain([
    {
      name: 'deny',
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC', rules: {} },
    },
  ]);
  const json = { name: slot.name, typed_config: chain([{ name: 'again', typed_config: inner }]) };
  const body = toBinary(desc, fromJson(desc, json, { registry: testSchema().registry }));
  return makeResource({ typeUrl: EXTENSION_CONFIG, name: slot.name, body });
}

for (const bootstrap of ['ads-delta', 'ads-sotw']) {
  describe(`slots of auth chains that go wrong, with a real Envoy (${bootstrap})`, function () {
    this.timeout(60_000);
    this.bail(true);
    const key = new TokenKey();
    const stack = new AsyncDisposableStack();
    let server: RunningServer;
    let envoy: EnvoyProcess;
    let client: HttpClient;
    let port: number;
    let whole: Snapshot;

    const nacks = (): number =>
      server.eventsOf('effect').filter(({ effect }) => effect.kind === 'nacked').length;
    const ask = async (): Promise<readonly number[]> => {
      const token = key.sign(testClaims());
      return [
        await client.status({ path: '/open' }),
        await client.status({ path: '/x' }),
        await client.status({ path: '/x', token }),
      ];
    };

    before(async () => {
      const upstream = stack.use(await Upstream.start('up'));
      port = await freePort();
      const file = {
        listeners: [authListener({ port, chain: 'api' })],
        clusters: [loopbackCluster('up', upstream.port)],
        routes: [
          authRoutes([
            authRoute({ path: '/open' }, 'up', { public: { reason: 'everybody may see it' } }),
            authRoute({ prefix: '/' }, 'up'),
          ]),
        ],
        jwt_providers: [testProvider()],
        auth_chains: [{ name: 'api', authenticate: [{ jwt: { provider: 'idp' } }] }],
      };
      const result = compile(JSON.stringify(file), { assets: { '/snapshots/jwks.json': jwksOf([key]) } });
      if (!result.ok) throw new Error(linesOf(result).join('\n'));
      whole = result.value;
      server = stack.use(await startXdsServer(withSlots(whole, () => undefined)));
      const xdsPort = Number(server.address.slice(server.address.lastIndexOf(':') + 1));
      envoy = stack.use(
        await EnvoyProcess.start(await loadBootstrap(bootstrap, { xdsPort }), { drainTimeS: 1 }),
      );
      client = stack.use(new HttpClient(port));
      await envoy.waitUntilLive();
    });

    after(async () => {
      await stack.disposeAsync();
    });

    it('deny everything, at once and without a warming listener, while they never came', async () => {
      await waitFor('the listener', () => client.status({ path: '/x' }).then(Boolean, () => false));
      expect(await ask()).to.deep.equal([403, 403, 403]);
      expect(await envoy.stat('listener_manager.total_listeners_warming')).to.equal(0);
    });

    it('serve when they come late', async () => {
      server.source.publish(whole);
      await waitFor('the chains', async () => (await ask()).join() === '200,401,200');
    });

    it('go on as they were when the server no longer has them', async () => {
      server.source.publish(withSlots(whole, () => undefined));
      await envoy.waitForStat('cluster_manager.cds.update_success', count => count > 0);
      for (let round = 0; round < 20; round++) expect(await ask()).to.deep.equal([200, 401, 200]);
    });

    it('go on as they were when Envoy refuses what came', async () => {
      envoy.expectProblem(/FilterChain filter cannot be configured recursively/);
      const before = nacks();
      server.source.publish(
        withSlots(whole, slot => (slot.name === 'authplane/public' ? slot : broken(slot))),
      );
      await waitFor('the rejection', () => nacks() > before);
      expect(await ask()).to.deep.equal([200, 401, 200]);
      server.source.publish(whole);
      await waitFor('the good ones', async () => (await ask()).join() === '200,401,200');
    });

    it('go on for old and new connections when the control plane dies', async () => {
      envoy.expectProblem(/gRPC config stream to authplane closed/);
      await server[Symbol.asyncDispose]();
      await envoy.waitForStat('control_plane.connected_state', connected => connected === 0);
      expect(await ask()).to.deep.equal([200, 401, 200]);
      using fresh = new HttpClient(port);
      expect(await fresh.status({ path: '/x' })).to.equal(401);
      expect(await fresh.status({ path: '/x', token: key.sign(testClaims()) })).to.equal(200);
      envoy.assertClean();
    });
  });
}
