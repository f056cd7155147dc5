import { expect } from 'chai';
import fc from 'fast-check';
import { MATCH_ALL, matchesNode } from '../../src/resources/node.ts';
import { representativesOf } from '../../src/store/representatives.ts';

describe('representativesOf', () => {
  it('makes one node for each combination of ids, clusters and metadata alternatives', () => {
    const nodes = representativesOf({
      ids: ['edge-*', 'gate-?'],
      clusters: ['edge', 'core'],
      metadata: { region: ['eu', 'us'], tier: { level: 3 } },
    });
    expect(nodes).to.have.length(8);
    expect(nodes[0]).to.deep.equal({
      id: 'edge-~',
      cluster: 'edge',
      metadata: { region: 'eu', tier: { level: 3 } },
    });
    expect(nodes.map(node => `${node.id} ${node.cluster} ${String(node.metadata['region'])}`)).to.include(
      'gate-~ core us',
    );
  });

  it('makes one node for a matcher that matches all', () => {
    expect(representativesOf(MATCH_ALL)).to.have.length(1);
  });

  it('makes none for a matcher that nothing can match', () => {
    expect(representativesOf({ ...MATCH_ALL, metadata: { region: [] } })).to.be.empty;
  });

  it('stops at the limit', () => {
    const ids = Array.from({ length: 100 }, (_, index) => `n${index}`);
    expect(representativesOf({ ids, clusters: ids, metadata: { a: ids, b: ids } })).to.have.length(64);
  });

  it('makes only nodes that the matcher matches', () => {
    const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 5 });
    const wanted = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 2 },
        glob,
        fc.integer(),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('x', 'y'), tie('value'), { noNullPrototype: true }),
      ),
    })).value;
    const metadata = fc.dictionary(fc.constantFrom('p', 'q'), wanted, { noNullPrototype: true });
    const matcher = fc.record({ ids: fc.array(glob), clusters: fc.array(glob), metadata });
    fc.assert(
      fc.property(matcher, entry => {
        for (const node of representativesOf(entry)) expect(matchesNode(entry, node)).to.equal(true);
      }),
    );
  });
});
