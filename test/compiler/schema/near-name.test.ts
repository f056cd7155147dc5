import { expect } from 'chai';
import { editDistance, nearName } from '../../../src/compiler/schema/near-name.ts';

describe('nearName', () => {
  it('finds the nearest candidate, case aside', () => {
    expect(nearName('conect_timeout', ['name', 'connect_timeout', 'idle_timeout'])).to.equal(
      'connect_timeout',
    );
    expect(nearName('NAME', ['node', 'name'])).to.equal('name');
  });

  it('finds nothing when no candidate is near', () => {
    expect(nearName('listeners', ['clusters', 'routes'])).to.equal(undefined);
    expect(nearName('x', [])).to.equal(undefined);
  });
});

describe('editDistance', () => {
  it('counts insertions, deletions, replacements and swaps', () => {
    expect(editDistance('abc', 'abc')).to.equal(0);
    expect(editDistance('nmae', 'name')).to.equal(1);
    expect(editDistance('', 'abc')).to.equal(3);
    expect(editDistance('abc', 'axc')).to.equal(1);
    expect(editDistance('kitten', 'sitting')).to.equal(3);
  });
});
