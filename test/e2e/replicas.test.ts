import { join } from 'node:path';
import { expect } from 'chai';
import { AuthplaneProcess } from '../support/authplane-process.ts';
import { loadBootstrap } from '../support/bootstrap.ts';
import { EdgeEnvironment } from '../support/edge-environment.ts';
import { EnvoyProcess } from '../support/envoy-process.ts';
import { SwitchablePort } from '../support/switchable-port.ts';
import { TRANSPORT_VARIANTS } from '../support/transport-variants.ts';
import { waitFor } from '../support/wait-for.ts';

/** Bytes of a response without resources: version, type, nonce, name of the replica. */
const EMPTY_RESPONSE_BYTES = 200;

for (const variant of TRANSPORT_VARIANTS.filter(({ ordered }) => ordered)) {
  describe(`two replicas and an Envoy that moves between them over ${variant.name}`, function () {
    this.timeout(60_000);
    let edge: EdgeEnvironment;
    let other: AuthplaneProcess;
    before(async () => {
      edge = await EdgeEnvironment.start(variant);
      other = await AuthplaneProcess.start({
        snapshots: edge.snapshots.path,
        stateDirectory: join(edge.directory, 'other-state'),
      });
    });
    after(async () => {
      await other[Symbol.asyncDispose]();
      await edge[Symbol.asyncDispose]();
    });

    it('serve the same bytes under the same versions', async () => {
      const [here, there] = await Promise.all([edge.authplane, other].map(served));
      expect(here).to.deep.equal(there);
    });

    it('send nothing again that the Envoy has', async () => {
      await using balancer = await SwitchablePort.open(edge.authplane.xdsPort);
      const bootstrap = await loadBootstrap(variant.bootstrap, { xdsPort: balancer.port, nodeId: 'moving' });
      await using envoy = await EnvoyProcess.start(bootstrap, { drainTimeS: 2 });
      envoy.expectProblem(
        /gRPC config stream|StreamAggregatedResources|DeltaAggregatedResources|config stream/,
      );
      await envoy.waitUntilLive();
      await isServedBy(edge.authplane);
      const updates = () =>
        envoy.stats(
          '^(listener_manager.listener_(added|modified|removed)|cluster_manager.cluster_(added|modified|removed))$',
        );
      const before = [...(await updates())];

      balancer.switchTo(other.xdsPort);
      await isServedBy(other);
      const sent = await responsesOf(other);
      if (variant.delta) {
        // A wildcard is answered by an empty response.
        for (const type of ['eds', 'sds', 'rds', 'ecds'])
          expect(sent.get(type)?.count ?? 0, type).to.equal(0);
        for (const [type, { count, bytes }] of sent) {
          expect(bytes, type).to.be.at.most(count * EMPTY_RESPONSE_BYTES);
        }
      } else {
        // In SotW a client cannot say of which names it tells the version.
        for (const type of ['cds', 'lds']) expect(sent.get(type)?.count ?? 0, type).to.equal(0);
      }
      expect([...(await updates())]).to.deep.equal(before);

      await edge.change({ clusters: { ...edge.options.clusters, b: edge.b.port } });
      await envoy.waitForStat('cluster.b.membership_total', total => total === 1);
      balancer.switchTo(edge.authplane.xdsPort);
      await isServedBy(edge.authplane);
      envoy.assertClean();
      other.assertClean();
      edge.assertClean();
    });
  });
}

/** What a replica serves, by group. */
async function served(replica: AuthplaneProcess): Promise<unknown> {
  const { groups } = (await replica.api('/api/v1/snapshots')) as {
    groups: { readonly key: string; readonly version: string }[];
  };
  expect(groups).not.to.be.empty;
  return groups.map(({ key, version }) => ({ key, version }));
}

/** Waits until the moving Envoy is connected to a replica and has accepted all that it is served. */
async function isServedBy(replica: AuthplaneProcess): Promise<void> {
  await waitFor('the Envoy is served', async () => {
    const { nodes } = (await replica.api('/api/v1/nodes')) as {
      nodes: { id: string; state: string; streams: unknown[] }[];
    };
    return nodes.some(
      ({ id, state, streams }) => id === 'moving' && state === 'synced' && streams.length > 0,
    );
  });
}

/** Responses that a replica has sent so far, by type. */
async function responsesOf(
  replica: AuthplaneProcess,
): Promise<ReadonlyMap<string, { readonly count: number; readonly bytes: number }>> {
  const text = await replica.metrics();
  const valueOf = (name: string, type: string): number =>
    Number(
      new RegExp(`^authplane_xds_response_bytes_${name}\\{type="${type}"\\} (\\S+)$`, 'm').exec(text)?.[1] ??
        0,
    );
  const types = ['cds', 'eds', 'sds', 'lds', 'rds', 'ecds'];
  return new Map(types.map(type => [type, { count: valueOf('count', type), bytes: valueOf('sum', type) }]));
}
