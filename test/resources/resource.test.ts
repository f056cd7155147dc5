import { expect } from 'chai';
import fc from 'fast-check';
import {
  DeltaDiscoveryResponse,
  DiscoveryResponse,
} from '../../src/gen/envoy/service/discovery/v3/discovery.ts';
import { bytesField, makeResource } from '../../src/resources/frame.ts';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import { makeSnapshot, nodeGroupKey, resourceCount, resourcesOf } from '../../src/resources/snapshot.ts';
import { CLUSTER, LISTENER, VIRTUAL_HOST } from '../../src/resources/type-url.ts';
import { contentVersion } from '../../src/resources/version.ts';
import { resource } from '../support/resources.ts';

describe('makeResource', () => {
  it('frames any body so that both kinds of response decode', () => {
    const bodies = fc.uint8Array({ maxLength: 70_000, size: 'max' });
    fc.assert(
      fc.property(fc.string(), bodies, (name, body) => {
        const made = makeResource({ typeUrl: CLUSTER, name, body });
        const [any] = DiscoveryResponse.decode(made.sotwFrame).resources;
        expect(any?.typeUrl).to.equal(CLUSTER);
        expect(Buffer.compare(Buffer.from(any?.value ?? []), body)).to.equal(0);
        const [delta] = DeltaDiscoveryResponse.decode(made.deltaFrame).resources;
        expect(delta?.name).to.equal(name);
        expect(delta?.version).to.equal(made.version);
        expect(Buffer.compare(Buffer.from(delta?.resource?.value ?? []), body)).to.equal(0);
      }),
      { numRuns: 50 },
    );
  });

  it('carries aliases in delta', () => {
    const made = makeResource({
      typeUrl: VIRTUAL_HOST,
      name: 'r/a',
      aliases: ['r/a.test'],
      body: new Uint8Array(),
    });
    expect(DeltaDiscoveryResponse.decode(made.deltaFrame).resources[0]?.aliases).to.deep.equal(['r/a.test']);
  });

  it('gives equal content the same version and other content another one', () => {
    expect(resource(CLUSTER, 'a').version).to.equal(resource(CLUSTER, 'a').version);
    expect(resource(CLUSTER, 'a', '2').version).to.not.equal(resource(CLUSTER, 'a').version);
    expect(resource(LISTENER, 'a').version).to.not.equal(resource(CLUSTER, 'a').version);
  });

  it('writes lengths of every size', () => {
    for (const length of [0, 127, 128, 16_383, 16_384, 2_097_152]) {
      const field = bytesField(2, new Uint8Array(length));
      expect(DiscoveryResponse.decode(field).resources).to.have.length(1);
    }
  });
});

describe('contentVersion', () => {
  it('tells apart where one part ends and the next begins', () => {
    expect(contentVersion(['ab', 'c'])).to.not.equal(contentVersion(['a', 'bc']));
    expect(contentVersion(['ab', ''])).to.not.equal(contentVersion(['ab']));
  });
});

describe('ResourceSet', () => {
  it('has the same version in any order', () => {
    const [a, b] = [resource(CLUSTER, 'a'), resource(CLUSTER, 'b')];
    expect(ResourceSet.of([a, b]).version).to.equal(ResourceSet.of([b, a]).version);
    expect(ResourceSet.of([a]).version).to.not.equal(ResourceSet.of([a, b]).version);
  });

  it('finds by name and by alias', () => {
    const host = makeResource({
      typeUrl: VIRTUAL_HOST,
      name: 'r/a',
      aliases: ['r/x.test'],
      body: new Uint8Array(),
    });
    const set = ResourceSet.of([host]);
    expect(set.find('r/a')).to.equal(host);
    expect(set.find('r/x.test')).to.equal(host);
    expect(set.find('r/y.test')).to.equal(undefined);
  });
});

describe('makeSnapshot', () => {
  const sets = new Map([[CLUSTER, ResourceSet.of([resource(CLUSTER, 'a')])]]);

  it('has the version of its content, empty types not counted', () => {
    const plain = makeSnapshot(['a.yaml'], sets);
    const padded = makeSnapshot(['a.yaml'], new Map([...sets, [LISTENER, ResourceSet.EMPTY]]));
    expect(padded.version).to.equal(plain.version);
    expect(makeSnapshot(['a.yaml'], sets, { pinnedVersion: 'r1' }).version).to.not.equal(plain.version);
    expect(resourceCount(padded)).to.equal(1);
    expect(resourcesOf(plain, LISTENER).size).to.equal(0);
  });

  it('names a group after its files, whatever their order and whatever their names', () => {
    expect(nodeGroupKey(['b', 'a'])).to.equal(nodeGroupKey(['a', 'b']));
    expect(nodeGroupKey(['a,b'])).to.not.equal(nodeGroupKey(['a', 'b']));
    expect(nodeGroupKey(['a%2Cb'])).to.not.equal(nodeGroupKey(['a,b']));
  });
});
