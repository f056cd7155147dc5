import { expect } from 'chai';
import { nodeKey } from '../../src/store/node-key.ts';
import { node } from './support/loads.ts';

describe('nodeKey', () => {
  it('is equal whatever the order of metadata keys', () => {
    const a = node('n', 'c', { x: 1, y: { p: [1, { q: 2, r: 3 }], s: null } });
    const b = node('n', 'c', { y: { s: null, p: [1, { r: 3, q: 2 }] }, x: 1 });
    expect(nodeKey(a)).to.equal(nodeKey(b));
  });

  it('differs with id, cluster, metadata and the order of lists', () => {
    const nodes = [
      node('n', 'c'),
      node('m', 'c'),
      node('n', 'd'),
      node('n', 'c', { x: [1, 2] }),
      node('n', 'c', { x: [2, 1] }),
      node('n', 'c', { x: { '0': 2, '1': 1 } }),
      node('n', 'c', JSON.parse('{"__proto__": 1}') as Record<string, unknown>),
    ];
    expect(new Set(nodes.map(nodeKey))).to.have.length(nodes.length);
  });
});
