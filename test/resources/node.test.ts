import { expect } from 'chai';
import fc from 'fast-check';
import {
  MATCH_ALL,
  matchesGlob,
  matchesNode,
  type NodeIdentity,
  type NodeMatcher,
} from '../../src/resources/node.ts';

const node: NodeIdentity = {
  id: 'edge-eu-1',
  cluster: 'edge',
  metadata: { region: 'eu', tier: 2, canary: true, labels: { team: 'auth', stage: 'prod' } },
};

function matches(matcher: Partial<NodeMatcher>): boolean {
  return matchesNode({ ...MATCH_ALL, ...matcher }, node);
}

describe('node matching', () => {
  it('matches every node without a key', () => {
    expect(matches({})).to.equal(true);
  });

  it('takes any of a list', () => {
    expect(matches({ ids: ['core-*', 'edge-*'] })).to.equal(true);
    expect(matches({ ids: ['core-*'] })).to.equal(false);
  });

  it('needs all keys', () => {
    expect(matches({ ids: ['edge-*'], clusters: ['edge'] })).to.equal(true);
    expect(matches({ ids: ['edge-*'], clusters: ['core'] })).to.equal(false);
  });

  it('compares metadata: globs, lists, mappings, other values as they are', () => {
    expect(matches({ metadata: { region: 'e?' } })).to.equal(true);
    expect(matches({ metadata: { region: ['us', 'eu'] } })).to.equal(true);
    expect(matches({ metadata: { labels: { team: 'auth' } } })).to.equal(true);
    expect(matches({ metadata: { tier: 2, canary: true } })).to.equal(true);
    expect(matches({ metadata: { tier: '2' } })).to.equal(false);
    expect(matches({ metadata: { labels: { team: 'web' } } })).to.equal(false);
    expect(matches({ metadata: { absent: '*' } })).to.equal(false);
    expect(matches({ metadata: { region: { deep: 'x' } } })).to.equal(false);
  });

  it('matches globs like the same pattern as a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (glob, value) => {
        const pattern = glob.replace(/[.]/g, '\\.').replace(/[*]/g, '.*').replace(/[?]/g, '.');
        expect(matchesGlob(glob, value)).to.equal(new RegExp(`^(?:${pattern})$`, 's').test(value));
      }),
    );
  });

  it('matches a hostile glob in time', () => {
    expect(matchesGlob('*a'.repeat(200), 'a'.repeat(5_000) + 'b')).to.equal(false);
  });
});
