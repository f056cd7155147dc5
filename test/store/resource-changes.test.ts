import { expect } from 'chai';
import { CLUSTER, LISTENER } from '../../src/resources/type-url.ts';
import { countChanges } from '../../src/store/resource-changes.ts';
import { resource, snapshot } from '../support/resources.ts';
import { cluster } from './support/loads.ts';

describe('countChanges', () => {
  it('counts added, updated and removed names by type', () => {
    const before = snapshot([cluster('kept'), cluster('edited'), cluster('gone'), resource(LISTENER, 'l')]);
    const after = snapshot([cluster('kept'), cluster('edited', '2'), cluster('new1'), cluster('new2')]);
    expect([...countChanges([before], [after])]).to.deep.equal([
      [CLUSTER, { add: 2, update: 1, remove: 1 }],
      [LISTENER, { add: 0, update: 0, remove: 1 }],
    ]);
  });

  it('counts a name once however many groups have it', () => {
    const before = [snapshot([cluster('a')]), snapshot([cluster('a'), cluster('b')])];
    const after = [snapshot([cluster('a', '2')]), snapshot([cluster('a', '2'), cluster('b')])];
    expect([...countChanges(before, after)]).to.deep.equal([[CLUSTER, { add: 0, update: 1, remove: 0 }]]);
  });

  it('finds nothing between equal states', () => {
    const state = snapshot([cluster('a')]);
    expect(countChanges([state], [state])).to.be.empty;
    expect(countChanges([state], [snapshot([cluster('a')])])).to.be.empty;
  });
});
