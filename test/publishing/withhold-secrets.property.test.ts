import { expect } from 'chai';
import fc from 'fast-check';
import { Publisher } from '../../src/publishing/publisher.ts';
import { grantProblem, type Grant } from '../../src/resources/grant.ts';
import type { NodeIdentity } from '../../src/resources/node.ts';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import { makeSnapshot, resourcesOf, type Snapshot } from '../../src/resources/snapshot.ts';
import { CLUSTER, SECRET, type TypeUrl } from '../../src/resources/type-url.ts';
import { resource } from '../support/resources.ts';

const IDS = ['spiffe://a.test/edge/1', 'spiffe://a.test/node/1', 'spiffe://b.test/edge/1'];
const node = fc.record({
  id: fc.constant('n'),
  cluster: fc.constantFrom('edge', 'inner'),
  metadata: fc.constant({}),
  spiffeIds: fc.subarray(IDS, { maxLength: 1 }),
});
const grant = fc.record({
  spiffe: fc.subarray(['spiffe://a.test/*', 'spiffe://*/edge/1', 'spiffe://b.test/edge/1']),
  groups: fc.subarray(['edge', 'inn*', '*']),
});

function snapshotOf(grants: Readonly<Record<string, Grant>>, revision = '1'): Snapshot {
  const secrets = [...Object.keys(grants), 'free'].map(name => resource(SECRET, name, revision));
  const resources = new Map<TypeUrl, ResourceSet>([
    [SECRET, ResourceSet.of(secrets)],
    [CLUSTER, ResourceSet.of([resource(CLUSTER, 'c')])],
  ]);
  return makeSnapshot(['a.yaml'], resources, { grants: new Map(Object.entries(grants)) });
}

function publisher(): Publisher {
  return new Publisher({ rebind: entry => entry, inline: snapshot => snapshot });
}

/** Written down again, in other words. */
function mayHave({ spiffe, groups }: Grant, { cluster, spiffeIds = [] }: NodeIdentity): boolean {
  const toPattern = (glob: string): RegExp =>
    new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  const inGroups = groups.some(glob => toPattern(glob).test(cluster));
  const inIds = spiffe.some(glob => spiffeIds.some(id => toPattern(glob).test(id)));
  if (spiffe.length > 0 && groups.length > 0) return inGroups && inIds;
  return inGroups || inIds;
}

describe('secrets that are granted', () => {
  it('reach exactly the proxies that the grant names; for others they do not exist', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('s1', 's2', 's3'), grant), node, (grants, proxy) => {
        const [given] = publisher().stagesFor(proxy, undefined, snapshotOf(grants)).slice(-1);
        if (given === undefined) throw new Error('no stage');
        const names = [...resourcesOf(given, SECRET).byName.keys()].sort();
        const expected = Object.entries(grants).filter(([, entry]) => mayHave(entry, proxy));
        expect(names).to.deep.equal([...expected.map(([name]) => name), 'free'].sort());
        for (const [name, entry] of Object.entries(grants)) {
          expect(grantProblem(entry, proxy) === undefined).to.equal(names.includes(name));
        }
        expect(resourcesOf(given, CLUSTER).size).to.equal(1);
      }),
      { numRuns: process.env['PROVE'] === undefined ? 2_000 : 100_000 },
    );
  });

  it('look to the others as in a snapshot that never had them: same resources, same versions', () => {
    const edge: NodeIdentity = { id: 'e', cluster: 'edge', metadata: {} };
    const withSecret = snapshotOf({ hidden: { spiffe: [], groups: ['inner'] } });
    const without = snapshotOf({});
    const [given] = publisher().stagesFor(edge, undefined, withSecret).slice(-1);
    expect(given?.resources.get(SECRET)?.version).to.equal(without.resources.get(SECRET)?.version);
    expect(given?.resources.get(SECRET)?.find('hidden')).to.equal(undefined);
  });

  it('are one snapshot for all proxies that lack the same ones, so that it is encoded once', () => {
    const shared = publisher();
    const snapshot = snapshotOf({ hidden: { spiffe: [], groups: ['inner'] } });
    const [a, b] = ['1', '2'].map(id =>
      shared.stagesFor({ id, cluster: 'edge', metadata: {} }, undefined, snapshot).at(-1),
    );
    expect(a).to.equal(b);
    const inner = shared.stagesFor({ id: '3', cluster: 'inner', metadata: {} }, undefined, snapshot).at(-1);
    expect(inner).to.equal(snapshot);
  });

  it('are not granted by what a proxy says of itself', () => {
    const grants = { s: { spiffe: ['spiffe://a.test/*'], groups: [] } };
    const claims: NodeIdentity = {
      id: 'spiffe://a.test/edge/1',
      cluster: 'spiffe://a.test/edge/1',
      metadata: {},
    };
    const given = publisher().stagesFor(claims, undefined, snapshotOf(grants)).at(-1);
    expect(given?.resources.get(SECRET)?.find('s')).to.equal(undefined);
  });
});
