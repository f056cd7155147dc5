import { expect } from 'chai';
import fc from 'fast-check';
import { allocateSlots, chainCapacity } from '../../../src/compiler/auth/slots.ts';

const SLOTS = 32;
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
const names = fc.uniqueArray(name, { maxLength: chainCapacity(SLOTS) });

/** The chains that have another slot afterwards. */
function moved(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  return [...before].flatMap(([chain, slot]) => {
    const now = after.get(chain);
    return now === undefined || now === slot ? [] : [chain];
  });
}

describe('slots of auth chains', () => {
  it('are one for each chain, whatever the order of the names', () => {
    fc.assert(
      fc.property(names, fc.integer(), (chains, seed) => {
        const slots = allocateSlots(chains, SLOTS);
        expect([...slots.keys()]).to.have.members(chains);
        expect(new Set(slots.values()).size).to.equal(chains.length);
        const shuffled = chains.toSorted((a, b) => ((a.length * seed) % 7) - ((b.length * seed) % 7));
        expect([...allocateSlots(shuffled, SLOTS)]).to.deep.equal([...slots]);
      }),
    );
  });

  it('are stable: no chain would rather be where a free slot or a chain that is liked less is', () => {
    fc.assert(
      fc.property(names, name, (chains, added) => {
        fc.pre(!chains.includes(added));
        const before = allocateSlots(chains, SLOTS);
        const after = allocateSlots([...chains, added], SLOTS);
        // Whoever comes, a chain moves only to make room: what was taken stays taken.
        expect([...before.values()].every(slot => [...after.values()].includes(slot))).to.equal(true);
        expect([...allocateSlots(chains, SLOTS)]).to.deep.equal([...before]);
      }),
    );
  });

  it('move less than one chain in the mean when one comes or goes', () => {
    const runs = 300;
    let moves = 0;
    for (let run = 0; run < runs; run++) {
      const chains = Array.from({ length: chainCapacity(SLOTS) - 1 }, (_, index) => `team-${run}-${index}`);
      moves += moved(allocateSlots(chains, SLOTS), allocateSlots([...chains, `new-${run}`], SLOTS)).length;
    }
    expect(moves / runs).to.be.below(1);
  });

  it('are refused to more chains than there are slots', () => {
    expect(() => allocateSlots(['a', 'b', 'c'], 2)).to.throw(RangeError);
    expect(allocateSlots(['a', 'b'], 2).size).to.equal(2);
  });
});
