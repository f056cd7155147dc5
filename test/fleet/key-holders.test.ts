import { expect } from 'chai';
import type { HeldVersions } from '../../src/fleet/held-versions.ts';
import { missingKey } from '../../src/fleet/key-holders.ts';
import type { NodeView } from '../../src/fleet/node-view.ts';
import { newStreamRecord } from '../../src/fleet/stream-record.ts';
import { newTypeRecord, type TypeRecord } from '../../src/fleet/type-record.ts';
import { EXTENSION_CONFIG, type TypeUrl } from '../../src/resources/type-url.ts';
import { contentVersion, type Version } from '../../src/resources/version.ts';

const NOW_MS = 10_000_000;
const [OLD, NEW, NEWER, OTHER] = ['old', 'new', 'newer', 'other'].map(text => contentVersion([text])) as [
  Version,
  Version,
  Version,
  Version,
];
const CARRIER = { typeUrl: EXTENSION_CONFIG, name: 'slot', version: NEWER };
const HAS_KEY: ReadonlySet<Version> = new Set([NEW, NEWER]);

function node(id: string, held: Partial<HeldVersions> | undefined): NodeView {
  const stream = newStreamRecord({ streamId: id, api: 'ads', variant: 'delta', peer: '', openedAtMs: 0 });
  const record = {
    ...newTypeRecord(EXTENSION_CONFIG),
    held: { accepted: new Map(), pending: new Map(), ...held },
  };
  const types = new Map<TypeUrl, TypeRecord>(held === undefined ? [] : [[EXTENSION_CONFIG, record]]);
  return {
    node: { id, cluster: '', metadata: {} },
    group: 'g',
    state: 'synced',
    streams: [{ ...stream, types }],
    types: [],
    disconnectedAtMs: undefined,
  };
}

function gone(id: string, held: Partial<HeldVersions>, disconnectedAtMs: number): NodeView {
  const view = node(id, held);
  const types = [...(view.streams[0]?.types.values() ?? [])];
  const none = { waiting: 0, pending: 0, synced: 0, nacked: 0 };
  return {
    ...view,
    streams: [],
    types: types.map(record => ({ typeUrl: record.typeUrl, state: 'synced', record, streams: none })),
    disconnectedAtMs,
  };
}

const accepted = (version: Version): Partial<HeldVersions> => ({ accepted: new Map([['slot', version]]) });
const pending = { pending: new Map([['n1', new Map([['slot', NEWER]])]]) };
const holders = (nodes: readonly NodeView[], carriers = [CARRIER]) =>
  missingKey(
    nodes,
    () => carriers,
    { hasKey: version => HAS_KEY.has(version), hasAny: version => version !== OTHER },
    NOW_MS,
  );

describe('missingKey', () => {
  it('names proxies that have accepted no version with the key', () => {
    expect(holders([node('a', accepted(OLD)), node('b', pending)])).to.deep.equal([
      { reason: 'the proxy has not accepted the key yet', nodes: ['a', 'b'] },
    ]);
  });

  it('is content with any version that has the key, also while a newer one is on its way', () => {
    expect(holders([node('a', accepted(NEWER)), node('b', { ...accepted(NEW), ...pending })])).to.deep.equal(
      [],
    );
  });

  it('does not count proxies that use no such resource', () => {
    expect(holders([node('a', undefined), node('b', {})])).to.deep.equal([]);
  });

  it('waits ten minutes for a proxy that has gone without the key', () => {
    expect(holders([gone('a', accepted(OLD), NOW_MS - 600_000)])).to.deep.equal([
      {
        reason: 'the proxy was connected a moment ago, did not have the key, and is not back',
        nodes: ['a'],
      },
    ]);
    expect(holders([gone('a', accepted(OLD), NOW_MS - 600_001)])).to.deep.equal([]);
    expect(holders([gone('a', accepted(NEW), NOW_MS), gone('b', accepted(OTHER), NOW_MS)])).to.deep.equal([]);
  });

  it('names proxies that are served a state without the key', () => {
    expect(holders([node('a', accepted(NEW))], [{ ...CARRIER, version: OLD }])).to.deep.equal([
      { reason: 'what the proxy is served does not have the key yet', nodes: ['a'] },
    ]);
  });

  it('lists the first twenty', () => {
    const many = Array.from({ length: 25 }, (_, index) => node(`n${index}`, accepted(OLD)));
    const [only] = holders(many);
    expect([only?.nodes.length, only?.reason]).to.deep.equal([
      20,
      'the proxy has not accepted the key yet, and 5 more',
    ]);
  });
});
