import { expect } from 'chai';
import { MATCH_ALL } from '../../src/resources/node.ts';
import { Membership } from '../../src/store/membership.ts';
import { idMatcher, node } from './support/loads.ts';

describe('Membership', () => {
  const membership = new Membership([
    { path: 'edge.yaml', matchers: [idMatcher('edge-*')] },
    { path: 'common.yaml', matchers: [MATCH_ALL] },
    { path: 'moved.yaml', matchers: [idMatcher('edge-1'), idMatcher('core-1')] },
  ]);

  it('gives a node all files that match it, sorted', () => {
    expect(membership.groupOf(node('edge-1')).files).to.deep.equal([
      'common.yaml',
      'edge.yaml',
      'moved.yaml',
    ]);
    expect(membership.groupOf(node('other')).files).to.deep.equal(['common.yaml']);
  });

  it('matches a file by any of its matchers', () => {
    expect(membership.groupOf(node('core-1')).files).to.deep.equal(['common.yaml', 'moved.yaml']);
  });

  it('gives all nodes of a group the same object', () => {
    expect(membership.groupOf(node('edge-2'))).to.equal(membership.groupOf(node('edge-3')));
  });

  it('has the same signature whatever the order of files', () => {
    expect(new Membership([...membership.members].reverse()).signature).to.equal(membership.signature);
  });

  it('gives no files to a node that nothing matches', () => {
    const narrow = new Membership([{ path: 'edge.yaml', matchers: [idMatcher('edge-*')] }]);
    expect(narrow.groupOf(node('core')).files).to.be.empty;
  });

  it('covers the matchers of all files with made-up nodes', () => {
    const groups = new Set(membership.representatives.map(entry => membership.groupOf(entry).key));
    expect([...groups].sort()).to.deep.equal([
      'common.yaml',
      'common.yaml,edge.yaml',
      'common.yaml,edge.yaml,moved.yaml',
      'common.yaml,moved.yaml',
    ]);
  });
});
