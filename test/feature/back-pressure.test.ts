import { constants } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import {
  DeltaDiscoveryRequest,
  DiscoveryRequest,
} from '../../src/gen/envoy/service/discovery/v3/discovery.ts';
import { CLUSTER } from '../../src/resources/type-url.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { discoveryPath } from '../support/discovery-path.ts';
import { DeafClient } from '../support/deaf-client.ts';
import { collectedHeapBytes } from '../support/heap.ts';
import { resource, snapshot } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';
import { XdsClient } from '../support/xds-client.ts';
import { type RunningServer, startXdsServer } from '../support/xds-server.ts';

/** 4 MiB in 64 clusters, different for each `content`. */
function large(content: number): Snapshot {
  const filler = String(content).padEnd(64 * 1024, '.');
  return snapshot(Array.from({ length: 64 }, (_, index) => resource(CLUSTER, `c${index}`, filler)));
}

/** Subscribes to all clusters. */
function subscription(variant: 'sotw' | 'delta', nonce = ''): Uint8Array {
  const fields = { node: { id: 'edge-1' }, typeUrl: CLUSTER, responseNonce: nonce };
  return variant === 'sotw'
    ? DiscoveryRequest.encode(DiscoveryRequest.fromPartial(fields)).finish()
    : DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial(fields)).finish();
}

/** Opens a stream that subscribes and then reads nothing; resolves when the server noticed. */
async function deafClient(running: RunningServer, variant: 'sotw' | 'delta'): Promise<DeafClient> {
  const client = new DeafClient(running.address, discoveryPath('ads', variant));
  client.send(subscription(variant));
  await waitFor('the block', () => running.eventsOf('blocked').length === 1);
  return client;
}

function sends(running: RunningServer): number {
  return running.eventsOf('effect').filter(event => event.effect.kind === 'send').length;
}

for (const variant of ['sotw', 'delta'] as const) {
  describe(`a ${variant} client that does not read`, () => {
    it('costs bounded memory, whatever is published, and gets the newest snapshot only when it reads again', async function () {
      this.timeout(30_000);
      await using running = await startXdsServer(large(0));
      using client = await deafClient(running, variant);
      // Not read either while the client is deaf: an ACK that would let the next response out.
      client.send(subscription(variant, '1'));
      const before = collectedHeapBytes();
      for (let content = 1; content <= 50; content++) {
        running.source.publish(large(content));
        await waitFor('the push', () => running.server.pushQueueDepth === 0);
      }
      expect(sends(running)).to.equal(1);
      expect(collectedHeapBytes() - before).to.be.lessThan(16 * 1024 * 1024);

      client.listen();
      await waitFor('the newest', () => client.messages().length === 2);
      const text = client.messages()[1]?.toString('latin1') ?? '';
      expect(text).to.contain('c0=50.');
      expect(text).not.to.contain('c0=49.');
      expect(sends(running)).to.equal(2);
    });

    it('is cut off after the timeout, and its memory is free', async () => {
      await using running = await startXdsServer(large(0), { limits: { writeStallTimeoutMs: 50 } });
      using client = await deafClient(running, variant);
      await waitFor('the end', () => running.eventsOf('streamClosed').length === 1);
      expect(running.eventsOf('streamClosed')[0]).to.include({ reason: 'stalled', code: status.UNAVAILABLE });
      expect(running.source.members).to.equal(0);
      expect(running.server.streams()).to.deep.equal([]);
      client.listen();
      await waitFor('the reset', () => client.closed);
      expect(client.resetCode).to.equal(constants.NGHTTP2_CANCEL);
    });

    it('does not hold up others', async () => {
      await using running = await startXdsServer(large(0));
      using deaf = await deafClient(running, variant);
      using client = new XdsClient(running.address);
      const stream = client.open('ads', variant);
      stream.request(CLUSTER);
      await stream.take();
      running.source.publish(large(1));
      expect((await stream.take()).bodies[0]).to.match(/^c\d+=1\./);
      expect(deaf.closed).to.equal(false);
    });

    it('does not hold up a drain', async () => {
      await using running = await startXdsServer(large(0), { limits: { endGraceMs: 50 } });
      using deaf = await deafClient(running, variant);
      await running.server.drain(0);
      await waitFor('the end', () => running.eventsOf('streamClosed').length === 1);
      expect(running.eventsOf('streamClosed')[0]?.reason).to.equal('drain');
      expect(deaf.messages()).to.deep.equal([]);
    });

    it('is served on when it reads in time', async () => {
      await using running = await startXdsServer(large(0));
      using client = await deafClient(running, variant);
      client.listen();
      await waitFor('the first', () => client.messages().length === 1);
      await waitFor('the relief', () => running.eventsOf('unblocked').length === 1);
      client.send(subscription(variant, '1'));
      running.source.publish(large(1));
      await waitFor('the second', () => client.messages().length === 2);
    });
  });
}
