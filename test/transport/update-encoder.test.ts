import { expect } from 'chai';
import {
  DeltaDiscoveryResponse,
  DiscoveryResponse,
} from '../../src/gen/envoy/service/discovery/v3/discovery.ts';
import type { Update } from '../../src/protocol/update.ts';
import { makeResource } from '../../src/resources/frame.ts';
import { CLUSTER, VIRTUAL_HOST } from '../../src/resources/type-url.ts';
import { UpdateEncoder } from '../../src/transport/update-encoder.ts';
import { resource } from '../support/resources.ts';

const resources = [resource(CLUSTER, 'a', '1'), resource(CLUSTER, 'b', 'x'.repeat(1_000))];
const sotw: Update = {
  variant: 'sotw',
  typeUrl: CLUSTER,
  versionInfo: 'v1',
  resources,
  removed: [],
  bodiless: [],
};
const delta: Update = { ...sotw, variant: 'delta', removed: ['gone', 'lost'] };

describe('UpdateEncoder', () => {
  it('writes a DiscoveryResponse that the generated code reads', () => {
    const bytes = new UpdateEncoder('replica-1').encode(sotw, '7').toMessage();
    expect(DiscoveryResponse.decode(bytes)).to.deep.equal(
      DiscoveryResponse.fromPartial({
        versionInfo: 'v1',
        typeUrl: CLUSTER,
        nonce: '7',
        controlPlane: { identifier: 'replica-1' },
        resources: resources.map(entry => ({
          typeUrl: CLUSTER,
          value: Buffer.from(`${entry.name}=${entry.name === 'a' ? '1' : 'x'.repeat(1_000)}`),
        })),
      }),
    );
  });

  it('writes a DeltaDiscoveryResponse that the generated code reads', () => {
    const bytes = new UpdateEncoder('replica-1').encode(delta, '8').toMessage();
    const decoded = DeltaDiscoveryResponse.decode(bytes);
    expect(decoded).to.deep.include({
      systemVersionInfo: 'v1',
      typeUrl: CLUSTER,
      nonce: '8',
      removedResources: ['gone', 'lost'],
    });
    expect(decoded.controlPlane?.identifier).to.equal('replica-1');
    expect(decoded.resources.map(({ name, version }) => [name, version])).to.deep.equal(
      resources.map(({ name, version }) => [name, version]),
    );
    expect(decoded.resources[0]?.resource).to.deep.equal({ typeUrl: CLUSTER, value: Buffer.from('a=1') });
  });

  it('writes aliases, and names that do not exist as resources without a body', () => {
    const aliased = makeResource({
      typeUrl: VIRTUAL_HOST,
      name: 'main/a',
      aliases: ['main/a.test'],
      body: Buffer.from('x'),
    });
    const update: Update = {
      variant: 'delta',
      typeUrl: VIRTUAL_HOST,
      versionInfo: 'v1',
      resources: [aliased],
      removed: [],
      bodiless: ['main/ghost'],
    };
    const decoded = DeltaDiscoveryResponse.decode(new UpdateEncoder('r').encode(update, '1').toMessage());
    expect(
      decoded.resources.map(entry => [entry.name, entry.aliases, entry.resource === undefined]),
    ).to.deep.equal([
      ['main/a', ['main/a.test'], false],
      ['main/ghost', ['main/ghost'], true],
    ]);
  });

  it('makes the body of an update once, whatever the nonce', () => {
    const encoder = new UpdateEncoder('r');
    expect(encoder.has(sotw)).to.equal(false);
    const [first, second] = [encoder.encode(sotw, '1').toMessage(), encoder.encode(sotw, '22').toMessage()];
    expect(encoder.has(sotw)).to.equal(true);
    expect(DiscoveryResponse.decode(first).nonce).to.equal('1');
    expect(DiscoveryResponse.decode(second)).to.deep.equal({
      ...DiscoveryResponse.decode(first),
      nonce: '22',
    });
    expect(encoder.has({ ...sotw })).to.equal(false);
  });

  it('frames a message that gRPC reads, and shares its body', () => {
    const encoder = new UpdateEncoder('r');
    const [first, second] = [encoder.encode(sotw, '1'), encoder.encode(sotw, '22')];
    expect(first.body).to.equal(second.body);
    const message = first.toMessage();
    const head = Buffer.from([0, 0, 0, message.length >> 8, message.length & 0xff]);
    expect(Buffer.concat([first.head, first.body])).to.deep.equal(Buffer.concat([head, message]));
    expect(first.byteLength).to.equal(5 + message.length);
  });
});
