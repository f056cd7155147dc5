import { connect } from 'node:net';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { DiscoveryRequest } from '../../src/gen/envoy/service/discovery/v3/discovery.ts';
import { CLUSTER } from '../../src/resources/type-url.ts';
import { resource, snapshot } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';
import { XdsClient } from '../support/xds-client.ts';
import { startXdsServer } from '../support/xds-server.ts';

const some = snapshot([resource(CLUSTER, 'a')]);

const FETCH_PATHS = [
  '/envoy.service.cluster.v3.ClusterDiscoveryService/FetchClusters',
  '/envoy.service.endpoint.v3.EndpointDiscoveryService/FetchEndpoints',
  '/envoy.service.listener.v3.ListenerDiscoveryService/FetchListeners',
  '/envoy.service.route.v3.RouteDiscoveryService/FetchRoutes',
  '/envoy.service.route.v3.ScopedRoutesDiscoveryService/FetchScopedRoutes',
  '/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets',
  '/envoy.service.runtime.v3.RuntimeDiscoveryService/FetchRuntime',
  '/envoy.service.extension.v3.ExtensionConfigDiscoveryService/FetchExtensionConfigs',
];

/** The first answer to one reflection request: `ServerReflectionRequest` with a single text field. */
function reflect(
  client: XdsClient,
  version: string,
  fieldNumber: number,
  text: string,
): Promise<Map<number, Buffer>> {
  const call = client.raw(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
  return new Promise((resolve, reject) => {
    call.on('error', reject);
    call.on('data', (bytes: Buffer) => {
      const fields = new Map<number, Buffer>();
      const reader = new BinaryReader(bytes);
      while (reader.pos < reader.len) {
        const [number] = reader.tag();
        fields.set(number, Buffer.from(reader.bytes()));
      }
      resolve(fields);
      call.end();
    });
    call.write(
      Buffer.from(new BinaryWriter().tag(fieldNumber, WireType.LengthDelimited).string(text).finish()),
    );
  });
}

describe('the gRPC port', () => {
  for (const path of FETCH_PATHS) {
    it(`answers ${path.split('/')[2] ?? ''} with UNIMPLEMENTED, whatever the request`, async () => {
      await using running = await startXdsServer(some);
      using client = new XdsClient(running.address);
      const valid = DiscoveryRequest.fromPartial({ node: { id: 'edge-1' } });
      for (const bytes of [Buffer.from(DiscoveryRequest.encode(valid).finish()), Buffer.from([0xff])]) {
        expect((await client.unary(path, bytes)).code).to.equal(status.UNIMPLEMENTED);
      }
      expect(running.source.members).to.equal(0);
    });
  }

  it('says that it serves, as a whole and for each service', async () => {
    await using running = await startXdsServer(some);
    using client = new XdsClient(running.address);
    const names = ['', 'envoy.service.discovery.v3.AggregatedDiscoveryService'];
    for (const name of names) {
      const request = new BinaryWriter().tag(1, WireType.LengthDelimited).string(name).finish();
      const answer = await client.unary('/grpc.health.v1.Health/Check', Buffer.from(request));
      expect(answer.code, name).to.equal(status.OK);
    }
    const unknown = new BinaryWriter().tag(1, WireType.LengthDelimited).string('nobody').finish();
    const answer = await client.unary('/grpc.health.v1.Health/Check', Buffer.from(unknown));
    expect(answer.code).to.equal(status.NOT_FOUND);
  });

  for (const version of ['v1', 'v1alpha']) {
    it(`describes its services by reflection ${version}`, async () => {
      await using running = await startXdsServer(some);
      using client = new XdsClient(running.address);
      const list = (await reflect(client, version, 7, '')).get(6)?.toString() ?? '';
      expect(list).to.contain('envoy.service.discovery.v3.AggregatedDiscoveryService');
      expect(list).to.contain('grpc.health.v1.Health');
      const files = await reflect(
        client,
        version,
        4,
        'envoy.service.discovery.v3.AggregatedDiscoveryService',
      );
      expect(files.get(4)?.toString()).to.contain('envoy/service/discovery/v3/ads.proto');
      expect(files.get(4)?.toString()).to.contain('envoy/config/core/v3/base.proto');
      const byName = await reflect(client, version, 3, 'envoy/service/discovery/v3/discovery.proto');
      expect(byName.has(4)).to.equal(true);
      const health = await reflect(client, version, 4, 'grpc.health.v1.Health.Check');
      expect(health.has(4)).to.equal(true);
      expect((await reflect(client, version, 4, 'no.such.Symbol')).has(7)).to.equal(true);
    });
  }

  it('survives binary garbage on a connection and reports it', async () => {
    await using running = await startXdsServer(some);
    const port = Number(running.address.split(':')[1]);
    const garbage = [
      Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256)),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff', 'latin1'),
    ];
    for (const bytes of garbage) {
      await new Promise<void>(resolve => {
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.on('data', () => undefined);
      });
    }
    await waitFor('the reports', () => running.eventsOf('connectionFailed').length >= garbage.length);
    using client = new XdsClient(running.address);
    const stream = client.open('ads', 'sotw');
    stream.request(CLUSTER);
    await stream.take();
  });

  it('refuses an address that is taken', async () => {
    await using running = await startXdsServer(some);
    let thrown: unknown;
    try {
      await using second = await startXdsServer(some, {}, { address: running.address });
      expect(second).to.equal(undefined);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).to.include({ code: 'LISTEN_FAILED' });
  });
});

describe('admission', () => {
  it('refuses what is over the rate, lets it in later, and tells', async () => {
    await using running = await startXdsServer(some, {
      admission: { streamsPerSecond: 20, burst: 2, maxWaitMs: 100 },
    });
    using client = new XdsClient(running.address);
    const streams = Array.from({ length: 8 }, () => client.open('ads', 'delta'));
    for (const stream of streams) stream.request(CLUSTER);
    await waitFor('the refusals', () => running.eventsOf('streamRefused').length === 4);
    await waitFor('the admitted', () => streams.filter(stream => stream.received.length === 1).length === 4);
    expect(running.eventsOf('streamRefused')[0]?.reason).to.equal('rate');
    const refused = streams.find(stream => stream.received.length === 0);
    expect((await refused?.ended)?.code).to.equal(status.RESOURCE_EXHAUSTED);
  });

  it('refuses streams over the most that may be open, until one leaves', async () => {
    await using running = await startXdsServer(some, { admission: { maxStreams: 1 } });
    using client = new XdsClient(running.address);
    const held = client.open('ads', 'sotw');
    held.request(CLUSTER);
    await held.take();
    const refused = client.open('ads', 'sotw');
    expect((await refused.ended).code).to.equal(status.RESOURCE_EXHAUSTED);
    expect(running.eventsOf('streamRefused')[0]?.reason).to.equal('max_streams');
    held.call.cancel();
    await waitFor('the end', () => running.eventsOf('streamClosed').length === 1);
    const next = client.open('ads', 'sotw');
    next.request(CLUSTER);
    await next.take();
  });
});

describe('draining', () => {
  it('says NOT_SERVING, refuses new streams and ends the open ones with UNAVAILABLE', async () => {
    await using running = await startXdsServer(some);
    using client = new XdsClient(running.address);
    using watcher = new XdsClient(running.address);
    const streams = [client.open('ads', 'sotw'), client.open('ads', 'delta'), client.open('cds', 'sotw')];
    for (const stream of streams) stream.request(CLUSTER);
    await Promise.all(streams.map(stream => stream.take()));
    const health: number[] = [];
    const watch = watcher.raw('/grpc.health.v1.Health/Watch');
    watch.on('error', () => undefined);
    watch.on('data', (bytes: Buffer) => void health.push(bytes[1] ?? 0));
    watch.write(Buffer.alloc(0));
    watch.end();
    await waitFor('the first health', () => health.length === 1);

    const drained = running.server.drain(300);
    await waitFor('NOT_SERVING', () => health.at(-1) === 2);
    using late = new XdsClient(running.address);
    const refused = late.open('ads', 'sotw');
    expect((await refused.ended).code).to.equal(status.UNAVAILABLE);
    const ends = await Promise.all(streams.map(stream => stream.ended));
    expect(ends.map(end => end.code)).to.deep.equal(streams.map(() => status.UNAVAILABLE));
    await drained;
    expect(running.eventsOf('streamClosed').map(event => event.reason)).to.deep.equal([
      'drain',
      'drain',
      'drain',
    ]);
    const times = running.eventsOf('streamClosed').map(event => event.atMs);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).to.be.greaterThan(100);
  });
});
