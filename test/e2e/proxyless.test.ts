import { expect } from 'chai';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { Child } from '../../scripts/child-process.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import { AuthplaneProcess } from '../support/authplane-process.ts';
import { httpConnectionManager, loopback } from '../support/edge-snapshot.ts';
import { SnapshotDirectory } from '../support/snapshot-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';
import { mkdir } from 'node:fs/promises';

/** gRPC clients take configuration from the stream they are on, and nothing else. */
const ADS = { ads: {}, resource_api_version: 'V3' };

/** A gRPC server on loopback that answers with its name. */
async function startServer(name: string): Promise<AsyncDisposable & { readonly port: number }> {
  const bytes = (value: Buffer): Buffer => value;
  const server = new Server();
  server.addService(
    {
      who: {
        path: '/test.Echo/Who',
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    },
    {
      who: (_call: unknown, answer: (error: null, value: Buffer) => void) => answer(null, Buffer.from(name)),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    port,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.tryShutdown(() => resolve());
        server.forceShutdown();
      }),
  };
}

/** The service `svc` for clients with the node id `client-*`. */
function service(port: number) {
  const { typed_config: apiListener } = httpConnectionManager({
    rds: { route_config_name: 'svc-routes', config_source: ADS },
  });
  return {
    node: { ids: ['client-*'] },
    listeners: [{ name: 'svc', api_listener: { api_listener: apiListener } }],
    routes: [
      {
        name: 'svc-routes',
        virtual_hosts: [
          {
            name: 'svc',
            domains: ['svc'],
            routes: [{ match: { prefix: '/' }, route: { cluster: 'svc-cluster' } }],
          },
        ],
      },
    ],
    clusters: [
      {
        name: 'svc-cluster',
        type: 'EDS',
        connect_timeout: '1s',
        eds_cluster_config: { eds_config: ADS },
      },
    ],
    endpoints: [
      {
        cluster_name: 'svc-cluster',
        endpoints: [
          {
            locality: { region: 'here' },
            load_balancing_weight: 1,
            lb_endpoints: [{ endpoint: { address: loopback(port) } }],
          },
        ],
      },
    ],
  };
}

/** Starts test/support/proxyless-client.ts. */
function startClient(xdsPort: number, nodeId: string): Child {
  const bootstrap = {
    xds_servers: [
      {
        server_uri: `127.0.0.1:${xdsPort}`,
        channel_creds: [{ type: 'insecure' }],
        server_features: ['xds_v3'],
      },
    ],
    node: { id: nodeId, locality: { region: 'here', zone: '', sub_zone: '' } },
  };
  return Child.start(process.execPath, [join(REPOSITORY, 'test', 'support', 'proxyless-client.ts')], {
    env: { GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify(bootstrap) },
  });
}

describe('a proxyless gRPC client', function () {
  this.timeout(30_000);

  /** Waits for an answer of the client that is not there yet. */
  async function waitForAnswer(client: Child, wanted: object): Promise<void> {
    const from = client.stdout.length;
    const text = JSON.stringify(wanted);
    await waitFor(text, () => client.stdout.slice(from).includes(text)).catch((thrown: unknown) => {
      throw new Error(client.tail(), { cause: thrown });
    });
  }

  it('resolves a service, and follows its endpoints without a failed call', async () => {
    await using directory = await temporaryDirectory();
    await using first = await startServer('first');
    await using second = await startServer('second');
    const snapshots = new SnapshotDirectory(join(directory.path, 'snapshots'));
    await mkdir(snapshots.path);
    await snapshots.write('svc.yaml', service(first.port));
    await snapshots.write('others.yaml', { node: { ids: ['edge-*'] }, clusters: [] });
    await using authplane = await AuthplaneProcess.start({
      snapshots: snapshots.path,
      stateDirectory: join(directory.path, 'state'),
    });
    await using client = startClient(authplane.xdsPort, 'client-1');
    await waitForAnswer(client, { from: 'first' });

    await snapshots.write('svc.yaml', service(second.port));
    await waitForAnswer(client, { from: 'second' });
    const later = client.stdout.length;
    await waitFor('calls of the second server', () => client.stdout.length >= later + 10);

    const { code } = await client.stop();
    expect(code).to.equal(0);
    expect(client.stdout.filter(line => line.includes('error'))).to.deep.equal([]);
    expect(client.stdout.slice(later)).to.satisfy((lines: readonly string[]) =>
      lines.every(line => line.includes('second')),
    );
    expect(client.stderr).to.deep.equal([]);
    authplane.assertClean();
    expect(await authplane.api('/api/v1/nacks')).to.satisfy(
      (answer: object) => !JSON.stringify(answer).includes('client-1'),
    );
  });
});
