import { expect } from 'chai';
import fc from 'fast-check';
import {
  chainEntry,
  checkChain,
  NO_AUDIT,
  type AuditEntry,
  type AuditHead,
} from '../../../src/tokens/audit/audit-chain.ts';

function chainOf(count: number): readonly AuditEntry[] {
  let head: AuditHead = NO_AUDIT;
  return Array.from({ length: count }, (_, index) => {
    const entry = chainEntry(head, {
      atMs: 1_000 + index,
      actor: 'client:edge',
      action: 'token.minted',
      object: `jti-${index}`,
      detail: { scopes: ['read_api'] },
    });
    head = entry;
    return entry;
  });
}

describe('checkChain', () => {
  it('takes a chain as it was made, also from the middle', () => {
    const chain = chainOf(5);
    expect(checkChain(NO_AUDIT, chain)).to.equal(undefined);
    expect(checkChain(chain[2] ?? NO_AUDIT, chain.slice(3))).to.equal(undefined);
  });

  it('notices a missing entry', () => {
    const chain = chainOf(5);
    expect(checkChain(NO_AUDIT, chain.toSpliced(2, 1))).to.deep.equal({
      seq: 4,
      problem: 'entry 3 is missing',
    });
  });

  it('notices any changed field, and an entry that was made anew', () => {
    const chain = chainOf(5);
    const changes = fc.record({
      index: fc.nat(4),
      field: fc.constantFrom('atMs', 'actor', 'action', 'object', 'detail', 'previousHash', 'hash'),
    });
    fc.assert(
      fc.property(changes, ({ index, field }) => {
        const changed = chain.map((entry, at) =>
          at === index ? { ...entry, [field]: field === 'atMs' ? 7 : 'f'.repeat(64) } : entry,
        );
        expect(checkChain(NO_AUDIT, changed)).to.not.equal(undefined);
      }),
      { numRuns: 100 },
    );
    const second = chainEntry(chain[0] ?? NO_AUDIT, {
      atMs: 1,
      actor: 'x',
      action: 'y',
      object: 'z',
      detail: {},
    });
    expect(checkChain(NO_AUDIT, chain.with(1, second))).to.deep.equal({
      seq: 3,
      problem: 'it does not follow the entry before it',
    });
  });
});
