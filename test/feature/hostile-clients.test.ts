import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { CLUSTER, ENDPOINTS } from '../../src/resources/type-url.ts';
import type { Overload } from '../../src/transport/load-guard.ts';
import { collectedHeapBytes } from '../support/heap.ts';
import { resource, snapshot } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';
import { XdsClient, type XdsStream } from '../support/xds-client.ts';
import { type RunningServer, startXdsServer } from '../support/xds-server.ts';

const first = snapshot([resource(CLUSTER, 'a'), resource(ENDPOINTS, 'a')]);
const second = snapshot([resource(CLUSTER, 'a', '2'), resource(ENDPOINTS, 'a')]);

/** A well-behaved client that is connected before the other one, and is served a change while that one is at work. */
async function servedMeanwhile(
  running: RunningServer,
  variant: 'sotw' | 'delta',
  attack: () => Promise<void>,
): Promise<void> {
  using client = new XdsClient(running.address, { id: 'good', cluster: 'edge' });
  const stream = client.open('ads', variant);
  stream.request(CLUSTER);
  await stream.take();
  await attack();
  running.source.publish(second);
  expect((await stream.take()).bodies).to.deep.equal(['a=2']);
  stream.call.cancel();
}

/** Requests that the server has handled. */
function handled(running: RunningServer): number {
  return running
    .eventsOf('effect')
    .filter(({ effect }) => effect.kind === 'stale' || effect.kind === 'subscribed').length;
}

/** Sends many requests at once, as fast as the connection takes them. */
function flood(stream: XdsStream, count: number): void {
  for (let index = 0; index < count; index++) stream.request(CLUSTER, { nonce: `stale-${index}` });
}

for (const variant of ['sotw', 'delta'] as const) {
  describe(`a ${variant} client`, () => {
    it('that floods requests is read slowly and then ended, while others are served', async () => {
      const requests = { perSecond: 200, burst: 400, maxThrottledMs: 500 };
      await using running = await startXdsServer(first, { limits: { requests } });
      using client = new XdsClient(running.address, { id: 'bad', cluster: 'edge' });
      const stream = client.open('ads', variant);
      stream.request(CLUSTER);
      await stream.take();
      const startedMs = Date.now();
      await servedMeanwhile(running, variant, async () => {
        flood(stream, 50_000);
        await waitFor('the burst', () => handled(running) >= requests.burst);
      });
      const { code, details } = await stream.ended;
      expect({ code, details }).to.deep.equal({
        code: status.RESOURCE_EXHAUSTED,
        details: 'too many requests on one stream',
      });
      const seconds = (Date.now() - startedMs) / 1000;
      // What was on its way to the driver when reading stopped may come on top.
      expect(handled(running)).to.be.lessThan(requests.burst + seconds * requests.perSecond + 100);
      const reasons = running.eventsOf('streamClosed').map(({ reason }) => reason);
      expect(reasons).to.have.members(['client', 'limit']);
    });

    it('that subscribes to 100,000 names is ended, keeps no memory, and others are served', async function () {
      this.timeout(30_000);
      await using running = await startXdsServer(first);
      const names = Array.from({ length: 100_000 }, (_, index) => `name-${index}`);
      const attack = async (index: number): Promise<void> => {
        using client = new XdsClient(running.address, { id: `bad-${index}`, cluster: 'edge' });
        const stream = client.open('ads', variant);
        if (index % 2 === 0) stream.request(ENDPOINTS, { names });
        else {
          // Bit by bit: SotW repeats what it has asked for before, delta adds to it.
          for (let count = 10_000; count <= 30_000; count += 10_000) {
            stream.request(ENDPOINTS, {
              names: variant === 'sotw' ? names.slice(0, count) : names.slice(count - 10_000, count),
            });
          }
        }
        expect((await stream.ended).code).to.equal(status.RESOURCE_EXHAUSTED);
      };
      await servedMeanwhile(running, variant, () => attack(0));
      const before = collectedHeapBytes();
      for (let index = 1; index < 10; index++) await attack(index);
      await waitFor('the ends', () => running.eventsOf('streamClosed').length === 11);
      running.events.length = 0;
      expect(collectedHeapBytes() - before).to.be.lessThan(24 * 1024 * 1024);
      expect(running.source.members).to.equal(0);
    });

    it('that comes while the process is overloaded is turned away with the reason, and open streams go on', async () => {
      let overload: Overload | undefined;
      await using running = await startXdsServer(first, {}, { overload: () => overload });
      await servedMeanwhile(running, variant, async () => {
        for (const reason of ['memory', 'lag'] as const) {
          overload = reason;
          using client = new XdsClient(running.address);
          const { code, details } = await client.open('ads', variant).ended;
          expect(code).to.equal(status.RESOURCE_EXHAUSTED);
          expect(details).to.contain('try another one');
        }
      });
      expect(running.eventsOf('streamRefused').map(({ reason }) => reason)).to.deep.equal(['memory', 'lag']);
      overload = undefined;
      using client = new XdsClient(running.address);
      const stream = client.open('ads', variant);
      stream.request(CLUSTER);
      await stream.take();
    });
  });
}
