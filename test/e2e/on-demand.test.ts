import { expect } from 'chai';
import {
  ADS,
  demandedHost,
  onDemandFilter,
  plainListener,
  routesOf,
  staticCluster,
} from '../support/demand-snapshot.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { ProxyEnvironment } from '../support/proxy-environment.ts';
import { Upstream, type UpstreamAnswer } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

/** Far below the 2 s to 15 s after which Envoy gives up on an answer that never comes. */
const PROMPTLY_MS = 1000;
/** Envoy says so when authplane goes away under it. */
const STREAM_LOST = /gRPC config stream to authplane closed/;

async function upstreamOf(
  environment: ProxyEnvironment,
  port: number,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const answer = await environment.request(port, headers);
  return answer.status === 200
    ? (JSON.parse(answer.body) as UpstreamAnswer).upstream
    : `status ${answer.status}`;
}

/** A request is answered with this status, and without waiting for any timeout. */
async function expectStatus(
  environment: ProxyEnvironment,
  port: number,
  headers: Readonly<Record<string, string>>,
  status: number,
): Promise<void> {
  const answer = await environment.request(port, headers);
  expect(answer.status, JSON.stringify(headers)).to.equal(status);
  expect(answer.durationMs, JSON.stringify(headers)).to.be.below(PROMPTLY_MS);
}

async function restartAuthplane(environment: ProxyEnvironment): Promise<void> {
  const { envoy } = environment;
  envoy.expectProblem(STREAM_LOST);
  await environment.authplane.stop();
  await envoy.waitForStat('control_plane.connected_state', connected => connected === 0);
  await environment.startAuthplane();
  await envoy.waitForStat('control_plane.connected_state', connected => connected === 1);
}

describe('virtual hosts on demand with a real Envoy (VHDS over delta)', function () {
  this.timeout(60_000);
  this.bail(true);
  let environment: ProxyEnvironment;
  let upstream: Upstream;
  let mainPort: number;
  let otherPort: number;

  /** Virtual hosts are `TABLE/LABEL`; the listener `other` is there with the second route configuration. */
  function snapshot(hosts: readonly (readonly [table: string, label: string])[], withOther = false) {
    const tables = withOther ? ['main', 'other'] : ['main'];
    return {
      listeners: tables.map(table =>
        plainListener(table, table === 'main' ? mainPort : otherPort, routesOf(table), [onDemandFilter()]),
      ),
      routes: tables.map(name => ({ name, vhds: { config_source: ADS } })),
      virtual_hosts: hosts.map(([table, label]) => demandedHost(table, label, 'a')),
      clusters: [staticCluster('a', upstream.port)],
    };
  }

  before(async () => {
    upstream = await Upstream.start('a');
    mainPort = await freePort();
    otherPort = await freePort();
    environment = await ProxyEnvironment.start({
      bootstrap: 'ads-delta',
      files: { 'edge.yaml': snapshot([]) },
    });
  });
  afterEach(() => environment.assertClean());
  after(async () => {
    await environment[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  it('does not hold the start for a route configuration without any virtual host', () => {
    expect(environment.startupMs).to.be.below(10_000);
  });

  it('answers an unknown host with 404 at once', async () => {
    await expectStatus(environment, mainPort, { host: 'two.test' }, 404);
    await expectStatus(environment, mainPort, { host: 'nobody.test' }, 404);
  });

  it('serves a virtual host that comes later, also one that was asked for before', async () => {
    await environment.snapshots.write(
      'edge.yaml',
      snapshot([
        ['main', 'one'],
        ['main', 'two'],
      ]),
    );
    await waitFor(
      'one.test',
      async () => (await upstreamOf(environment, mainPort, { host: 'one.test' })) === 'a',
    );
    await waitFor(
      'two.test',
      async () => (await upstreamOf(environment, mainPort, { host: 'two.test' })) === 'a',
    );
  });

  it('warms a listener whose virtual hosts were there before it', async () => {
    const hosts = [
      ['main', 'one'],
      ['main', 'four'],
      ['other', 'three'],
    ] as const;
    await environment.snapshots.write('edge.yaml', snapshot(hosts));
    await waitFor(
      'four.test',
      async () => (await upstreamOf(environment, mainPort, { host: 'four.test' })) === 'a',
    );
    await environment.snapshots.write('edge.yaml', snapshot(hosts, true));
    await environment.envoy.waitForStat('listener_manager.total_listeners_active', count => count === 2);
    await environment.envoy.waitForStat('listener_manager.total_listeners_warming', count => count === 0);
    expect(await upstreamOf(environment, otherPort, { host: 'three.test' })).to.equal('a');
    await expectStatus(environment, otherPort, { host: 'one.test' }, 404);
  });

  it('warms a listener that has no virtual host yet', async () => {
    await environment.snapshots.write('edge.yaml', snapshot([['main', 'one']]));
    await environment.envoy.waitForStat('listener_manager.total_listeners_active', count => count === 1);
    await environment.snapshots.write('edge.yaml', snapshot([['main', 'one']], true));
    await environment.envoy.waitForStat('listener_manager.total_listeners_active', count => count === 2);
    await expectStatus(environment, otherPort, { host: 'three.test' }, 404);
  });

  it('goes on after a restart of authplane', async () => {
    await restartAuthplane(environment);
    expect(await upstreamOf(environment, mainPort, { host: 'one.test' })).to.equal('a');
    await expectStatus(environment, mainPort, { host: 'two.test' }, 404);
    await expectStatus(environment, mainPort, { host: 'new.test' }, 404);
    await environment.snapshots.write('edge.yaml', snapshot([['main', 'new']], true));
    await waitFor(
      'new.test',
      async () => (await upstreamOf(environment, mainPort, { host: 'new.test' })) === 'a',
    );
    await waitFor(
      'one.test is gone',
      async () => (await environment.request(mainPort, { host: 'one.test' })).status === 404,
    );
  });
});

describe('a filter that is nowhere', function () {
  this.timeout(60_000);

  it('is refused before Envoy hears of it, and comes by ECDS when it is there', async () => {
    await using upstream = await Upstream.start('a');
    const port = await freePort();
    const type = 'envoy.extensions.filters.http.rbac.v3.RBAC';
    const discovered = {
      name: 'guard',
      config_discovery: { config_source: ADS, type_urls: [`type.googleapis.com/${type}`] },
    };
    const denyAll = {
      name: 'guard',
      typed_config: { '@type': `type.googleapis.com/${type}`, rules: { action: 'ALLOW', policies: {} } },
    };
    const snapshot = (filters: readonly object[], extensions: readonly object[]) => ({
      listeners: [plainListener('http', port, routesOf('main'), filters)],
      routes: [
        {
          name: 'main',
          virtual_hosts: [
            { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'a' } }] },
          ],
        },
      ],
      extension_configs: extensions,
      clusters: [staticCluster('a', upstream.port)],
    });
    await using environment = await ProxyEnvironment.start({
      bootstrap: 'ads-delta',
      files: { 'edge.yaml': snapshot([], []) },
    });
    await environment.snapshots.write('edge.yaml', snapshot([discovered], []));
    const refusal = await environment.authplane.waitForLog(
      'the refusal',
      entry => entry['error_code'] === 'AP1305',
    );
    expect(refusal['file']).to.equal('edge.yaml');
    expect(refusal['line']).to.be.a('number');
    expect(await upstreamOf(environment, port, {})).to.equal('a');
    environment.expectInLog(/snapshot.rejected .*"guard"/, /snapshot.load_rejected/);
    await environment.snapshots.write('edge.yaml', snapshot([discovered], [denyAll]));
    await waitFor('the filter', async () => (await environment.request(port, {})).status === 403);
    environment.assertClean();
  });
});

describe('clusters on demand with a real Envoy (ODCDS over delta)', function () {
  this.timeout(60_000);
  this.bail(true);
  let environment: ProxyEnvironment;
  let upstreams: readonly Upstream[];
  let port: number;

  function snapshot(clusters: readonly Upstream[]) {
    const odcds = { odcds: { source: ADS, timeout: '2s' } };
    return {
      listeners: [plainListener('http', port, routesOf('main'), [onDemandFilter(odcds)])],
      routes: [
        {
          name: 'main',
          virtual_hosts: [
            {
              name: 'all',
              domains: ['*'],
              routes: [{ match: { prefix: '/' }, route: { cluster_header: 'x-cluster' } }],
            },
          ],
        },
      ],
      clusters: clusters.map(upstream => staticCluster(upstream.name, upstream.port)),
    };
  }

  before(async () => {
    port = await freePort();
    upstreams = [await Upstream.start('a'), await Upstream.start('b')];
    environment = await ProxyEnvironment.start({
      bootstrap: 'ads-delta',
      files: { 'edge.yaml': snapshot(upstreams.slice(0, 1)) },
      // Without a CDS subscription of its own Envoy has no cluster but those that requests ask for.
      changeBootstrap: bootstrap => {
        delete bootstrap.dynamic_resources['cds_config'];
      },
    });
  });
  afterEach(() => environment.assertClean());
  after(async () => {
    await environment[Symbol.asyncDispose]();
    for (const upstream of upstreams) await upstream[Symbol.asyncDispose]();
  });

  it('brings a cluster with the first request that names it', async () => {
    expect(await environment.envoy.stat('cluster.a.membership_total')).to.equal(0);
    expect(await upstreamOf(environment, port, { 'x-cluster': 'a' })).to.equal('a');
  });

  it('answers for an unknown cluster with 503 at once', async () => {
    await expectStatus(environment, port, { 'x-cluster': 'b' }, 503);
    await expectStatus(environment, port, { 'x-cluster': 'nothing' }, 503);
  });

  it('brings a cluster that comes later, also one that was asked for before', async () => {
    await environment.snapshots.write('edge.yaml', snapshot(upstreams));
    await waitFor(
      'cluster b',
      async () => (await upstreamOf(environment, port, { 'x-cluster': 'b' })) === 'b',
    );
  });

  it('goes on after a restart of authplane', async () => {
    await restartAuthplane(environment);
    expect(await upstreamOf(environment, port, { 'x-cluster': 'a' })).to.equal('a');
    await expectStatus(environment, port, { 'x-cluster': 'never' }, 503);
    await environment.snapshots.write('edge.yaml', snapshot(upstreams.slice(1)));
    await environment.envoy.waitForStat('cluster_manager.cluster_removed', count => count === 1);
    // Envoy stays subscribed to what it has asked for and does not ask again: only its own timeout ends this request.
    expect(await upstreamOf(environment, port, { 'x-cluster': 'a' })).to.equal('status 503');
    expect(await upstreamOf(environment, port, { 'x-cluster': 'b' })).to.equal('b');
  });
});

for (const bootstrap of ['ads-delta', 'ads-sotw']) {
  describe(`scoped routes and runtime with a real Envoy over ${bootstrap}`, function () {
    this.timeout(60_000);
    this.bail(true);
    let environment: ProxyEnvironment;
    let upstreams: readonly Upstream[];
    let port: number;

    /** Scope by the header `x-tenant`: tenant → route configuration, named after the cluster it leads to. */
    function snapshot(tenants: Readonly<Record<string, string>>, percentage: number) {
      const keyBuilder = {
        fragments: [{ header_value_extractor: { name: 'x-tenant', element_separator: ',', index: 0 } }],
      };
      const scopedRoutes = {
        name: 'tenants',
        scope_key_builder: keyBuilder,
        rds_config_source: ADS,
        scoped_rds: { scoped_rds_config_source: ADS },
      };
      return {
        listeners: [plainListener('http', port, { scoped_routes: scopedRoutes })],
        scoped_routes: Object.entries(tenants).map(([tenant, table]) => ({
          name: tenant,
          route_configuration_name: table,
          key: { fragments: [{ string_key: tenant }] },
        })),
        routes: [...new Set(Object.values(tenants))].map(name => ({
          name,
          virtual_hosts: [{ name: 'all', domains: ['*'], routes: routesTo(name) }],
        })),
        clusters: upstreams.map(upstream => staticCluster(upstream.name, upstream.port)),
        runtimes: [{ name: 'layer', layer: { maintenance: { percent: percentage } } }],
      };
    }

    /** Everything to the cluster, but for the share of requests that the runtime key takes. */
    function routesTo(cluster: string) {
      const fraction = {
        runtime_key: 'maintenance.percent',
        default_value: { numerator: 0, denominator: 'HUNDRED' },
      };
      return [
        { match: { prefix: '/', runtime_fraction: fraction }, direct_response: { status: 418 } },
        { match: { prefix: '/' }, route: { cluster } },
      ];
    }

    before(async () => {
      port = await freePort();
      upstreams = [await Upstream.start('a'), await Upstream.start('b')];
      environment = await ProxyEnvironment.start({
        bootstrap,
        files: { 'edge.yaml': snapshot({ red: 'a' }, 0) },
        changeBootstrap: changed => {
          changed['layered_runtime'] = {
            layers: [{ name: 'dynamic', rtds_layer: { name: 'layer', rtds_config: ADS } }],
          };
        },
      });
    });
    afterEach(() => environment.assertClean());
    after(async () => {
      await environment[Symbol.asyncDispose]();
      for (const upstream of upstreams) await upstream[Symbol.asyncDispose]();
    });

    it('routes by the scope that a header selects', async () => {
      await waitFor(
        'the scope red',
        async () => (await upstreamOf(environment, port, { 'x-tenant': 'red' })) === 'a',
      );
      await expectStatus(environment, port, { 'x-tenant': 'blue' }, 404);
    });

    it('adds, moves and removes scopes', async () => {
      await environment.snapshots.write('edge.yaml', snapshot({ red: 'b', blue: 'a' }, 0));
      await waitFor(
        'the scope blue',
        async () => (await upstreamOf(environment, port, { 'x-tenant': 'blue' })) === 'a',
      );
      await waitFor(
        'red leads to b',
        async () => (await upstreamOf(environment, port, { 'x-tenant': 'red' })) === 'b',
      );
      await environment.snapshots.write('edge.yaml', snapshot({ blue: 'a' }, 0));
      await waitFor(
        'the scope red is gone',
        async () => (await environment.request(port, { 'x-tenant': 'red' })).status === 404,
      );
      expect(await upstreamOf(environment, port, { 'x-tenant': 'blue' })).to.equal('a');
    });

    it('sets runtime values', async () => {
      await environment.snapshots.write('edge.yaml', snapshot({ blue: 'a' }, 100));
      await waitFor(
        'the runtime value',
        async () => (await environment.request(port, { 'x-tenant': 'blue' })).status === 418,
      );
      await environment.snapshots.write('edge.yaml', snapshot({ blue: 'a' }, 0));
      await waitFor(
        'the runtime value is back',
        async () => (await upstreamOf(environment, port, { 'x-tenant': 'blue' })) === 'a',
      );
    });
  });
}
