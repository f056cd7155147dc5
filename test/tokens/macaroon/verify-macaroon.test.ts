import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  addCaveat,
  addThirdPartyCaveat,
  bindDischarge,
  mintMacaroon,
  type Macaroon,
} from '../../../src/tokens/macaroon/macaroon.ts';
import { verifyMacaroon } from '../../../src/tokens/macaroon/verify-macaroon.ts';

const KEY = randomBytes(32);
const bytes = (text: string): Buffer => Buffer.from(text);
const plain = addCaveat(mintMacaroon(KEY, bytes('id')), bytes('exp 5'));

function gated(macaroon: Macaroon, name: string): Macaroon {
  const caveat = { location: 'gate', identifier: bytes(name), rootKey: bytes(`key of ${name}`) };
  return addThirdPartyCaveat(macaroon, caveat, randomBytes(24));
}

const dischargeOf = (name: string): Macaroon => mintMacaroon(bytes(`key of ${name}`), bytes(name));

function reasonOf(macaroon: Macaroon, discharges: readonly Macaroon[], key: Uint8Array = KEY): string {
  const verdict = verifyMacaroon(key, { macaroon, discharges });
  return verdict.kind === 'refused' ? verdict.reason : 'genuine';
}

describe('verifyMacaroon', () => {
  it('refuses another key, and caveats that were removed, changed or put in another order', () => {
    const two = addCaveat(plain, bytes('aud a'));
    expect(reasonOf(two, [])).to.equal('genuine');
    expect(reasonOf(two, [], randomBytes(32))).to.equal('the signature does not hold');
    for (const caveats of [two.caveats.slice(1), two.caveats.slice(0, 1), [], two.caveats.toReversed()]) {
      expect(reasonOf({ ...two, caveats }, [])).to.equal('the signature does not hold');
    }
  });

  it('does not look at the location', () => {
    expect(reasonOf({ ...plain, location: 'elsewhere' }, [])).to.equal('genuine');
  });

  it('asks for a bound discharge of each third party, and for no other', () => {
    const macaroon = gated(plain, 'gate');
    const bound = bindDischarge(macaroon, dischargeOf('gate'));
    expect(reasonOf(macaroon, [bound])).to.equal('genuine');
    expect(reasonOf(macaroon, [])).to.equal('a caveat of a third party has no discharge');
    expect(reasonOf(macaroon, [dischargeOf('gate')])).to.equal('the signature of a discharge does not hold');
    expect(reasonOf(macaroon, [bound, bound])).to.equal('a caveat of a third party has two discharges');
    const other = bindDischarge(macaroon, dischargeOf('other'));
    expect(reasonOf(macaroon, [bound, other])).to.equal('a discharge belongs to no caveat');
    expect(reasonOf(macaroon, [bindDischarge(macaroon, mintMacaroon(KEY, bytes('gate')))])).to.equal(
      'the signature of a discharge does not hold',
    );
  });

  it('refuses the discharge of one macaroon beside another', () => {
    const first = gated(plain, 'gate');
    const second = gated(addCaveat(plain, bytes('aud a')), 'gate');
    const bound = bindDischarge(first, dischargeOf('gate'));
    expect(reasonOf(second, [bound])).to.equal('the signature of a discharge does not hold');
  });

  it('collects the conditions of discharges, and of their discharges', () => {
    const macaroon = gated(plain, 'a');
    const a = addCaveat(gated(dischargeOf('a'), 'b'), bytes('from a'));
    const b = addCaveat(dischargeOf('b'), bytes('from b'));
    const verdict = verifyMacaroon(KEY, {
      macaroon,
      discharges: [a, b].map(one => bindDischarge(macaroon, one)),
    });
    expect(verdict).to.deep.equal({ kind: 'genuine', conditions: ['exp 5', 'from b', 'from a'].map(bytes) });
  });

  it('refuses circles and deep nests of discharges', () => {
    const macaroon = gated(plain, 'a');
    const circle = bindDischarge(macaroon, gated(dischargeOf('a'), 'a'));
    expect(reasonOf(macaroon, [circle])).to.equal('a caveat of a third party has no discharge');
    const names = ['a', 'b', 'c', 'd', 'e'];
    const nest = names.map((name, index) => {
      const next = names[index + 1];
      return bindDischarge(macaroon, next === undefined ? dischargeOf(name) : gated(dischargeOf(name), next));
    });
    expect(reasonOf(macaroon, nest)).to.equal('discharges are nested deeper than 4');
  });

  it('refuses every macaroon with a changed byte', () => {
    const macaroon = gated(plain, 'gate');
    const discharges = [bindDischarge(macaroon, dischargeOf('gate'))];
    const fields = (one: Macaroon): readonly Uint8Array[] => [
      one.identifier,
      one.signature,
      ...one.caveats.flatMap(({ identifier, verificationId }) => [
        identifier,
        ...(verificationId ? [verificationId] : []),
      ]),
    ];
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (field, at) => {
        const copy = structuredClone({ macaroon, discharges });
        const all = [copy.macaroon, ...copy.discharges].flatMap(fields);
        const changed = all[field % all.length] ?? new Uint8Array(1);
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ 0x40;
        expect(verifyMacaroon(KEY, copy).kind).to.equal('refused');
      }),
    );
  });
});
