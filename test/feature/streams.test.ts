import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import type { Effect } from '../../src/protocol/effect.ts';
import {
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  RESOURCE_TYPES,
  ROUTE,
  typeUrlOf,
  VIRTUAL_HOST,
} from '../../src/resources/type-url.ts';
import { resource, snapshot } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';
import { XdsClient } from '../support/xds-client.ts';
import { type RunningServer, startXdsServer } from '../support/xds-server.ts';

/** The effects of one kind so far. A step is synchronous: once its first effect is seen, its responses are out. */
function effects<Kind extends Effect['kind']>(
  running: RunningServer,
  kind: Kind,
): Extract<Effect, { kind: Kind }>[] {
  return running
    .eventsOf('effect')
    .map(event => event.effect)
    .filter((effect): effect is Extract<Effect, { kind: Kind }> => effect.kind === kind);
}

const first = snapshot([resource(CLUSTER, 'a', '1'), resource(CLUSTER, 'b', '1')]);
const second = snapshot([resource(CLUSTER, 'a', '2'), resource(CLUSTER, 'b', '1')]);

for (const variant of ['sotw', 'delta'] as const) {
  for (const service of ['ads', 'cds'] as const) {
    describe(`a ${variant} stream on ${service}`, () => {
      it('gets what it subscribes to, with version, nonce and the name of the replica', async () => {
        await using running = await startXdsServer(first);
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER);
        const response = await stream.next();
        expect([...response.bodies].sort()).to.deep.equal(['a=1', 'b=1']);
        expect(response.typeUrl).to.equal(CLUSTER);
        expect(response.versionInfo).to.match(/^[0-9a-f]{16}$/);
        expect(response.nonce).not.to.equal('');
        expect(response.controlPlane).to.equal('replica-1');
      });

      it('gets a change after its ACK and is silent without one', async () => {
        await using running = await startXdsServer(first);
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER);
        const before = await stream.take();
        await waitFor('the ACK', () => effects(running, 'acked').length === 1);
        running.source.publish(snapshot([resource(CLUSTER, 'a', '1'), resource(CLUSTER, 'b', '1')]));
        running.source.publish(second);
        const after = await stream.take();
        expect([...after.bodies].sort()).to.deep.equal(variant === 'sotw' ? ['a=2', 'b=1'] : ['a=2']);
        expect(after.versionInfo).not.to.equal(before.versionInfo);
        expect(after.nonce).not.to.equal(before.nonce);
        await waitFor('the second ACK', () => effects(running, 'acked').length === 2);
        expect(effects(running, 'send')).to.have.length(2);
      });

      it('does not get again what it rejected, and gets the next content at once', async () => {
        await using running = await startXdsServer(first);
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER);
        await stream.take();
        running.source.publish(second);
        stream.nack(await stream.next(), 'Error adding/updating cluster(s) a: no');
        await waitFor('the NACK', () => effects(running, 'nacked').length === 1);
        stream.request(CLUSTER, { nonce: 'an old one' });
        await waitFor('the request after it', () => effects(running, 'stale').length === 1);
        expect(effects(running, 'send')).to.have.length(2);
        running.source.publish(first);
        expect((await stream.take()).bodies).to.include('a=1');
      });

      it('hears of a removal', async () => {
        await using running = await startXdsServer(first);
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER);
        await stream.take();
        running.source.publish(snapshot([resource(CLUSTER, 'a', '1')]));
        const response = await stream.take();
        if (variant === 'sotw') expect(response.bodies).to.deep.equal(['a=1']);
        else expect(response.removed).to.deep.equal(['b']);
      });

      it('waits without an answer while its node has no file, and is answered when there is one', async () => {
        await using running = await startXdsServer();
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER);
        await waitFor('the subscription', () => effects(running, 'subscribed').length === 1);
        expect(effects(running, 'send')).to.deep.equal([]);
        running.source.publish(first);
        expect((await stream.take()).bodies).to.have.length(2);
      });

      it('is held and reported without a node id, and served once a node comes', async () => {
        await using running = await startXdsServer(first);
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER, { node: { cluster: 'edge' } });
        await waitFor('the subscription', () => effects(running, 'subscribed').length === 1);
        expect(running.eventsOf('nodeMissing')).to.have.length(1);
        expect(effects(running, 'send')).to.deep.equal([]);
        stream.request(CLUSTER, { node: { id: 'edge-1' } });
        expect((await stream.take()).bodies).to.have.length(2);
      });

      it('keeps the node of its first message', async () => {
        await using running = await startXdsServer(first);
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER);
        const response = await stream.next();
        stream.ack(response, { node: { id: 'unknown-1' } });
        await waitFor('the ACK', () => effects(running, 'acked').length === 1);
        running.source.publish(second);
        expect((await stream.take()).bodies).to.include('a=2');
        expect(running.eventsOf('nodeIdentified')).to.have.length(1);
        expect(running.server.streams()[0]?.node?.id).to.equal('edge-1');
      });

      it('ends successfully when the client half-closes', async () => {
        await using running = await startXdsServer(first);
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER);
        await stream.take();
        stream.call.end();
        expect((await stream.ended).code).to.equal(status.OK);
        await waitFor('the end', () => running.eventsOf('streamClosed').length === 1);
        expect(running.eventsOf('streamClosed')[0]).to.include({ reason: 'client', code: status.OK });
        expect(running.source.members).to.equal(0);
      });

      it('leaves nothing behind when the client cancels', async () => {
        await using running = await startXdsServer(first);
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER);
        await stream.next();
        stream.call.cancel();
        await waitFor('the end', () => running.eventsOf('streamClosed').length === 1);
        expect(running.source.members).to.equal(0);
        expect(running.server.streams()).to.deep.equal([]);
      });

      it('ends with INVALID_ARGUMENT on a message that is no request', async () => {
        await using running = await startXdsServer(first);
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.call.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
        expect((await stream.ended).code).to.equal(status.INVALID_ARGUMENT);
        await waitFor('the report', () => running.eventsOf('streamClosed')[0]?.reason === 'garbage');
      });

      it('serves 10,000 names in one subscription', async () => {
        const names = Array.from({ length: 10_000 }, (_, index) => `cluster-${index}`);
        await using running = await startXdsServer(snapshot(names.map(name => resource(CLUSTER, name))));
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER, { names });
        expect((await stream.take()).bodies).to.have.length(10_000);
      });

      it('ends with RESOURCE_EXHAUSTED beyond the limit of names, also when they come bit by bit', async () => {
        await using running = await startXdsServer(first, { limits: { maxNamesPerSubscription: 10 } });
        using client = new XdsClient(running.address);
        const names = Array.from({ length: 11 }, (_, index) => `n${index}`);
        const atOnce = client.open(service, variant);
        atOnce.request(CLUSTER, { names });
        const ended = await atOnce.ended;
        expect(ended.code).to.equal(status.RESOURCE_EXHAUSTED);
        expect(ended.details).to.contain('10 names');
        if (variant === 'sotw') return;
        const bitByBit = client.open(service, variant);
        for (const name of names) bitByBit.request(CLUSTER, { names: [name] });
        expect((await bitByBit.ended).code).to.equal(status.RESOURCE_EXHAUSTED);
      });

      it('ends with RESOURCE_EXHAUSTED on a message that is too large', async () => {
        await using running = await startXdsServer(first, { connections: { maxRequestBytes: 1024 } });
        using client = new XdsClient(running.address);
        const stream = client.open(service, variant);
        stream.request(CLUSTER, { names: ['x'.repeat(2000)] });
        expect((await stream.ended).code).to.equal(status.RESOURCE_EXHAUSTED);
      });
    });
  }

  describe(`an aggregated ${variant} stream`, () => {
    it('ends with INVALID_ARGUMENT on a request without a type', async () => {
      await using running = await startXdsServer(first);
      using client = new XdsClient(running.address);
      const stream = client.open('ads', variant);
      stream.request('');
      const ended = await stream.ended;
      expect(ended.code).to.equal(status.INVALID_ARGUMENT);
      expect(ended.details).to.contain('type_url');
    });

    it('lives on after a request for a type nobody serves', async () => {
      const unknown = typeUrlOf('example.v1.Unknown');
      await using running = await startXdsServer(first);
      using client = new XdsClient(running.address);
      const stream = client.open('ads', variant);
      stream.request(unknown, { names: ['x'] });
      if (variant === 'delta') expect((await stream.take()).removed).to.deep.equal(['x']);
      stream.request(CLUSTER);
      expect((await stream.take()).typeUrl).to.equal(CLUSTER);
      expect(running.eventsOf('unknownType')).to.have.length(1);
    });

    it('ends with RESOURCE_EXHAUSTED on too many types', async () => {
      await using running = await startXdsServer(first, { limits: { maxTypesPerStream: 3 } });
      using client = new XdsClient(running.address);
      const stream = client.open('ads', variant);
      for (const index of [1, 2, 3, 4]) stream.request(typeUrlOf(`example.v1.T${index}`), { names: ['x'] });
      expect((await stream.ended).code).to.equal(status.RESOURCE_EXHAUSTED);
    });

    it('gets routes without the listeners ever being asked for, once the gate times out', async () => {
      const snapshotOfAll = snapshot([
        resource(CLUSTER, 'a'),
        resource(ENDPOINTS, 'a'),
        resource(LISTENER, 'l'),
        resource(ROUTE, 'r'),
      ]);
      await using running = await startXdsServer(snapshotOfAll, { limits: { gateTimeoutMs: 50 } });
      using client = new XdsClient(running.address);
      const stream = client.open('ads', variant);
      stream.request(CLUSTER);
      stream.request(LISTENER);
      stream.request(ROUTE, { names: ['r'] });
      await waitFor('all types', () => new Set(stream.received.map(entry => entry.typeUrl)).size === 3);
    });
  });

  describe(`a ${variant} stream of one type`, () => {
    it('implies its type', async () => {
      await using running = await startXdsServer(first);
      using client = new XdsClient(running.address);
      const stream = client.open('cds', variant);
      stream.request('');
      expect((await stream.take()).typeUrl).to.equal(CLUSTER);
    });

    it('ends with INVALID_ARGUMENT on a request for another type', async () => {
      await using running = await startXdsServer(first);
      using client = new XdsClient(running.address);
      const stream = client.open('cds', variant);
      stream.request(LISTENER);
      expect((await stream.ended).code).to.equal(status.INVALID_ARGUMENT);
    });

    it('exists for every type', async () => {
      const everything = snapshot(RESOURCE_TYPES.map(type => resource(type.typeUrl, 'x')));
      await using running = await startXdsServer(everything);
      using client = new XdsClient(running.address);
      for (const type of RESOURCE_TYPES) {
        if (variant === 'sotw' && type.typeUrl === VIRTUAL_HOST) continue;
        const stream = client.open(type.shortName, variant);
        stream.request(type.typeUrl, { names: ['x'] });
        expect((await stream.take()).bodies, type.shortName).to.deep.equal(['x=1']);
      }
    });
  });
}

describe('a delta stream of virtual hosts', () => {
  it('answers a name that does not exist with a resource that has no body', async () => {
    await using running = await startXdsServer(snapshot([resource(VIRTUAL_HOST, 'main/a')]));
    using client = new XdsClient(running.address);
    const stream = client.open('vhds', 'delta');
    stream.request(VIRTUAL_HOST, { names: ['main/ghost'] });
    const response = await stream.take();
    expect(response.names).to.deep.equal(['main/ghost']);
    expect(response.bodies).to.deep.equal([]);
  });
});
