import { expect } from 'chai';
import fc from 'fast-check';
import { edgeRevocations, type EdgeRevocations } from '../../src/tokens/edge-revocations.ts';
import { RevocationSet, type RevocableToken, type Revocation } from '../../src/tokens/revocation.ts';

const BASE: Revocation = {
  kind: 'jti',
  value: 'a',
  issuedBeforeMs: 10_000,
  reason: '',
  createdMs: 9_500,
  expiresMs: 1e9,
};

/** What a proxy does with it. */
function refuses({ entries, issuedBefore }: EdgeRevocations, token: RevocableToken): boolean {
  const claims = { jti: token.jti, sub: token.subject, client_id: token.clientId };
  const iat = token.issuedMs / 1000;
  return (
    (issuedBefore !== undefined && iat < issuedBefore) ||
    entries.some(
      entry => claims[entry.claim] === entry.value && (entry.claim === 'jti' || iat < entry.issuedBefore),
    )
  );
}

describe('edgeRevocations', () => {
  const revocation = fc
    .record({
      kind: fc.constantFrom('jti' as const, 'subject' as const, 'client' as const, 'macaroon' as const),
      value: fc.integer({ min: 0, max: 12 }).map(String),
      client: fc.option(fc.constantFrom('c1', 'c2', 'c3'), { nil: undefined }),
      atS: fc.integer({ min: 1, max: 20 }),
    })
    .map(({ kind, value, client, atS }): Revocation => ({
      ...BASE,
      kind,
      value,
      ...(client === undefined || kind !== 'jti' ? {} : { clientId: client }),
      issuedBeforeMs: atS * 1000,
      createdMs: atS * 1000,
    }));

  it('never lets a proxy take what was revoked, and keeps within its bound', () => {
    fc.assert(
      fc.property(fc.array(revocation, { maxLength: 40 }), fc.integer({ min: 1, max: 10 }), (list, max) => {
        const unique = [...new Map(list.map(one => [`${one.kind} ${one.value}`, one])).values()];
        const newest = unique.toSorted((a, b) => b.createdMs - a.createdMs);
        const edge = edgeRevocations(newest, max);
        expect(edge.entries.length).to.be.at.most(max);
        const set = new RevocationSet(newest);
        for (const one of newest.filter(({ kind }) => kind === 'jti')) {
          for (let second = 0; second < one.issuedBeforeMs / 1000; second++) {
            const token = {
              jti: one.value,
              subject: 's',
              clientId: one.clientId ?? 'other',
              issuedMs: second * 1000,
            };
            expect(set.find(token)).to.not.equal(undefined);
            expect(refuses(edge, token)).to.equal(true);
          }
        }
        for (const one of newest.filter(({ kind }) => kind === 'subject' || kind === 'client')) {
          const token = {
            jti: 'x',
            subject: one.kind === 'subject' ? one.value : 's',
            clientId: one.kind === 'client' ? one.value : 'other',
            issuedMs: one.issuedBeforeMs - 1000,
          };
          expect(refuses(edge, token)).to.equal(true);
        }
        if (newest.filter(({ kind }) => kind !== 'macaroon').length <= max) {
          expect(edge.issuedBefore).to.equal(undefined);
        }
      }),
      { numRuns: process.env['PROVE'] === '1' ? 100_000 : 1_000 },
    );
  });

  it('refuses more of the client that revokes the most, before it refuses more of others', () => {
    const flood = Array.from({ length: 20 }, (_, index) => ({
      ...BASE,
      value: `f${index}`,
      clientId: 'loud',
    }));
    const edge = edgeRevocations([{ ...BASE, value: 'mine', clientId: 'quiet' }, ...flood], 5);
    expect(edge.issuedBefore).to.equal(undefined);
    expect(edge.entries).to.deep.include({ claim: 'client_id', value: 'loud', issuedBefore: 10 });
    expect(edge.entries).to.deep.include({ claim: 'jti', value: 'mine', issuedBefore: 10 });
    expect(refuses(edge, { jti: 'new', subject: 's', clientId: 'loud', issuedMs: 10_000 })).to.equal(false);
    expect(refuses(edge, { jti: 'old', subject: 's', clientId: 'quiet', issuedMs: 5_000 })).to.equal(false);
  });
});
