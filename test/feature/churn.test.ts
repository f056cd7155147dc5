import { expect } from 'chai';
import { CLUSTER, ENDPOINTS } from '../../src/resources/type-url.ts';
import { collectedHeapBytes } from '../support/heap.ts';
import { resource, snapshot } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';
import { XdsClient } from '../support/xds-client.ts';
import { startXdsServer } from '../support/xds-server.ts';

const RECONNECTS = process.env['PROVE'] === '1' ? 10_000 : 300;

/** What a whole process may grow by, whatever the number of reconnects: caches that warm up, not leaks. */
const ALLOWED_GROWTH_BYTES = 6 * 1024 * 1024;

describe('reconnecting clients', () => {
  it(`leave the heap flat after ${RECONNECTS} reconnects`, async function () {
    this.timeout(RECONNECTS * 100 + 30_000);
    const names = Array.from({ length: 50 }, (_, index) => `cluster-${index}`);
    const content = snapshot(names.flatMap(name => [resource(CLUSTER, name), resource(ENDPOINTS, name)]));
    let closed = 0;
    await using running = await startXdsServer(
      content,
      { admission: { streamsPerSecond: 1e6, burst: 1e6 } },
      {
        observe: event => {
          if (event.kind === 'streamClosed') closed += 1;
        },
      },
    );

    async function reconnect(index: number): Promise<void> {
      using client = new XdsClient(running.address, { id: `edge-${index % 100}`, cluster: 'edge' });
      const stream = client.open('ads', index % 2 === 0 ? 'sotw' : 'delta');
      stream.request(CLUSTER);
      await stream.take();
      stream.request(ENDPOINTS, { names });
      await stream.take();
      if (index % 3 === 0) stream.call.end();
      else stream.call.cancel();
      await stream.ended;
    }

    async function churn(from: number, count: number): Promise<void> {
      for (let index = from; index < from + count; index += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, offset) => reconnect(index + offset)));
      }
      await waitFor('the ends', () => closed >= from + count);
    }

    const warmUp = 100;
    await churn(0, warmUp);
    const before = collectedHeapBytes();
    await churn(warmUp, RECONNECTS);
    expect(running.server.streams()).to.deep.equal([]);
    expect(running.source.members).to.equal(0);
    expect(collectedHeapBytes() - before).to.be.lessThan(ALLOWED_GROWTH_BYTES);
  });
});
