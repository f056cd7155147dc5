import { expect } from 'chai';
import { Fleet, type FleetOptions } from '../../src/fleet/fleet.ts';
import type { Effect } from '../../src/protocol/effect.ts';
import type { Update } from '../../src/protocol/update.ts';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { CLUSTER, LISTENER, SECRET, type TypeUrl } from '../../src/resources/type-url.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { resource } from '../support/resources.ts';

const NODE = { id: 'edge-1', cluster: 'edge', metadata: {}, userAgent: 'envoy/1.40.0' };

function update(
  typeUrl: TypeUrl,
  versionInfo: string,
  resources: Resource[],
  variant: Update['variant'],
): Update {
  return { variant, typeUrl, versionInfo, resources, removed: [], bodiless: [] };
}

/** A fleet with one node on one stream, and short words for what happens on it. */
function scene(options: Partial<FleetOptions> = {}) {
  const clock = new FakeClock();
  const fleet = new Fleet({ clock }, options);
  const connect = (streamId: string, nodeId = NODE.id): void => {
    fleet.connected(
      { streamId, api: 'ads', variant: 'delta', peer: '10.0.0.1:5', openedAtMs: clock.nowMs() },
      { ...NODE, id: nodeId },
    );
  };
  const see = (effect: Effect, streamId = 's1'): void => {
    clock.advance(1);
    fleet.observe(streamId, effect, clock.nowMs());
  };
  const say = {
    subscribe: (typeUrl = CLUSTER, streamId = 's1') =>
      see({ kind: 'subscribed', typeUrl, wildcard: true, names: 0 }, streamId),
    send: (
      nonce: string,
      resources: Resource[] = [],
      variant: Update['variant'] = 'delta',
      streamId = 's1',
      typeUrl = CLUSTER,
    ) =>
      see(
        { kind: 'send', typeUrl, nonce, update: update(typeUrl, `v${nonce}`, resources, variant) },
        streamId,
      ),
    ack: (nonce: string, streamId = 's1', typeUrl = CLUSTER) =>
      see({ kind: 'acked', typeUrl, nonce, versionInfo: `v${nonce}` }, streamId),
    nack: (nonce: string, resources: Resource[], message: string, streamId = 's1') =>
      see(
        {
          kind: 'nacked',
          typeUrl: CLUSTER,
          nonce,
          versionInfo: `v${nonce}`,
          rejection: { code: 13, message },
          resources,
        },
        streamId,
      ),
  };
  const stateOf = (nodeId = NODE.id) => fleet.node(nodeId)?.types[0]?.state;
  connect('s1');
  return { clock, fleet, connect, see, say, stateOf };
}

const a = resource(CLUSTER, 'aaa');
const b = resource(CLUSTER, 'bbb');
const secret = resource(SECRET, 's');

describe('a fleet', () => {
  it('takes for accepted what a proxy has brought from an earlier stream', () => {
    const { fleet, see, say, stateOf } = scene();
    say.subscribe(SECRET);
    see({ kind: 'resumed', typeUrl: SECRET, versionInfo: 'v1', held: ResourceSet.of([secret]) });
    expect(stateOf()).to.equal('synced');
    const held = fleet.node(NODE.id)?.streams[0]?.types.get(SECRET)?.held;
    expect(held?.accepted).to.deep.equal(new Map([['s', secret.version]]));
    say.send('1', [secret], 'delta', 's1', SECRET);
    expect(stateOf()).to.equal('pending');
  });

  it('follows a type from subscription to acceptance', () => {
    const { fleet, say, stateOf } = scene();
    expect(fleet.node(NODE.id)?.state).to.equal('waiting');
    say.subscribe();
    expect(stateOf()).to.equal('waiting');
    say.send('1', [a]);
    expect(stateOf()).to.equal('pending');
    say.ack('1');
    expect(stateOf()).to.equal('synced');
    say.send('2', [a]);
    expect(stateOf()).to.equal('pending');
    const record = fleet.node(NODE.id)?.types[0]?.record;
    expect(record?.sent?.versionInfo).to.equal('v2');
    expect(record?.acked?.versionInfo).to.equal('v1');
    expect(record?.counters).to.deep.equal({ sent: 2, acked: 1, nacked: 0, stale: 0 });
  });

  it('is not synced while a later response is out', () => {
    const { say, stateOf } = scene();
    say.send('1', [a]);
    say.send('2', [b]);
    say.ack('1');
    expect(stateOf()).to.equal('pending');
    say.ack('2');
    expect(stateOf()).to.equal('synced');
  });

  it('keeps a rejection with its version, time, redacted reason and the resource at fault', () => {
    const { clock, fleet, say, stateOf } = scene();
    fleet.assigned('s1', 'edge.yaml');
    say.send('1', [a, b]);
    say.nack('1', [a, b], 'Error adding/updating cluster(s) bbb: bad "aGVsbG8gd29ybGQgaGVsbG8="');
    expect(stateOf()).to.equal('nacked');
    const [rejection] = fleet.nacks();
    expect(rejection).to.deep.include({
      nodeId: NODE.id,
      group: 'edge.yaml',
      streamId: 's1',
      typeUrl: CLUSTER,
      versionInfo: 'v1',
      nonce: '1',
      code: 13,
      atMs: clock.nowMs(),
      stands: true,
    });
    expect(rejection?.reason).to.equal('Error adding/updating cluster(s) bbb: bad …');
    expect(rejection?.suspects.map(suspect => suspect.name)).to.deep.equal(['bbb']);
  });

  it('lets a delta rejection stand until the resource at fault is accepted', () => {
    const { fleet, say, stateOf } = scene();
    say.send('1', [a, b]);
    say.nack('1', [a, b], "'bbb' is bad");
    say.send('2', [a]);
    say.ack('2');
    expect(stateOf()).to.equal('nacked');
    say.send('3', [b]);
    expect(stateOf()).to.equal('nacked');
    say.ack('3');
    expect(stateOf()).to.equal('synced');
    expect(fleet.nacks()[0]?.stands).to.equal(false);
  });

  it('ends a SotW rejection with the next response that is accepted', () => {
    const { say, stateOf } = scene();
    say.send('1', [a], 'sotw');
    say.nack('1', [a], 'no');
    say.send('2', [], 'sotw');
    say.ack('2');
    expect(stateOf()).to.equal('synced');
  });

  it('replaces a rejection by the next one', () => {
    const { fleet, say } = scene();
    say.send('1', [a]);
    say.nack('1', [a], 'first');
    say.send('2', [a]);
    say.nack('2', [a], 'second');
    expect(fleet.node(NODE.id)?.types[0]?.record.rejected?.reason).to.equal('second');
    expect(fleet.nacks().map(({ reason, stands }) => [reason, stands])).to.deep.equal([
      ['second', true],
      ['first', false],
    ]);
  });

  it('joins the streams of one node, the worst one first', () => {
    const { fleet, connect, say, stateOf } = scene();
    connect('s2');
    say.send('1', [a]);
    say.ack('1');
    say.send('1', [a], 'delta', 's2');
    expect(stateOf()).to.equal('pending');
    const view = fleet.node(NODE.id);
    expect(view?.streams.map(stream => stream.streamId)).to.deep.equal(['s1', 's2']);
    expect(view?.types[0]?.streams).to.deep.equal({ waiting: 0, pending: 1, synced: 1, nacked: 0 });
    say.nack('1', [a], 'no', 's2');
    expect(stateOf()).to.equal('nacked');
    fleet.disconnected('s2', 0);
    expect(stateOf()).to.equal('synced');
  });

  it('counts the streams of each type, group and state', () => {
    const { fleet, connect, say } = scene();
    connect('s2', 'edge-2');
    fleet.assigned('s1', 'g');
    fleet.assigned('s2', 'g');
    for (const stream of ['s1', 's2']) {
      say.send('1', [a], 'delta', stream);
      say.ack('1', stream);
    }
    say.subscribe(LISTENER, 's2');
    expect(fleet.clients()).to.deep.equal([
      { typeUrl: CLUSTER, group: 'g', state: 'synced', count: 2 },
      { typeUrl: LISTENER, group: 'g', state: 'waiting', count: 1 },
    ]);
  });

  it('remembers a node that left for an hour, as it left', () => {
    const { clock, fleet, say } = scene();
    say.send('1', [a]);
    say.ack('1');
    fleet.disconnected('s1', clock.nowMs());
    clock.advance(3_600_000);
    const view = fleet.node(NODE.id);
    expect(view?.disconnectedAtMs).to.equal(clock.nowMs() - 3_600_000);
    expect(view?.streams).to.deep.equal([]);
    expect(view?.types[0]?.state).to.equal('synced');
    expect(fleet.clients()).to.deep.equal([]);
    clock.advance(1);
    expect(fleet.node(NODE.id)).to.equal(undefined);
    expect(fleet.nodes()).to.deep.equal([]);
  });

  it('takes a node back that comes again', () => {
    const { clock, fleet, connect } = scene();
    fleet.disconnected('s1', clock.nowMs());
    connect('s2');
    clock.advance(7_200_000);
    expect(fleet.node(NODE.id)?.disconnectedAtMs).to.equal(undefined);
  });

  it('remembers no more nodes that left than it may, the latest', () => {
    const { clock, fleet, connect } = scene({ maxDisconnected: 2 });
    fleet.disconnected('s1', clock.nowMs());
    for (const name of ['x', 'y', 'z']) {
      connect(name, name);
      fleet.disconnected(name, clock.nowMs());
    }
    connect('live', 'live');
    expect(fleet.nodes().map(view => view.node.id)).to.deep.equal(['live', 'y', 'z']);
  });

  it('remembers no more rejections than twice what it may', () => {
    const { fleet, say } = scene({ maxRejections: 10 });
    for (let nonce = 0; nonce < 100; nonce++) say.nack(String(nonce), [a], 'no');
    expect(fleet.nacks().length).to.be.at.most(20);
    expect(fleet.nacks()[0]?.nonce).to.equal('99');
  });

  it('passes over streams that nobody connected', () => {
    const { fleet, say } = scene();
    say.subscribe(CLUSTER, 'unknown');
    fleet.assigned('unknown', 'g');
    fleet.disconnected('unknown', 0);
    expect(fleet.nodes()).to.have.length(1);
  });
});
