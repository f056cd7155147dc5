import { expect } from 'chai';
import fc from 'fast-check';
import {
  expireDeparted,
  keysAt,
  NO_JWKS,
  stepJwks,
  type Jwk,
  type JwksEvent,
} from '../../src/jwks/jwks-state.ts';

const RUNS = process.env['PROVE'] === '1' ? 20_000 : 2_000;
const key = fc
  .record({ kid: fc.constantFrom('a', 'b', 'c'), x: fc.constantFrom('1', '2') })
  .map((jwk): Jwk => jwk);
const keys = fc.uniqueArray(key, { maxLength: 3, selector: ({ kid }) => kid });
const event: fc.Arbitrary<JwksEvent> = fc.oneof(
  keys.map(listed => ({ kind: 'fetched', keys: listed, etag: undefined }) as const),
  fc.constant({ kind: 'not-modified' } as const),
  fc.constant({ kind: 'failed' } as const),
);
const moves = fc.array(
  fc.record({ event, waitMs: fc.nat(3000), random: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
  {
    maxLength: 20,
  },
);

describe('a fetched key set', () => {
  it('has the keys of the last good answer, and those that left less than the overlap ago under a kid that is free', () => {
    fc.assert(
      fc.property(moves, fc.nat(5000), (sequence, overlapMs) => {
        let state = NO_JWKS;
        let nowMs = 1_000_000;
        // The model: when each key was last listed, and what is listed now.
        let listed: readonly Jwk[] | undefined;
        const leftMs = new Map<string, number>();
        for (const { event: next, waitMs, random } of sequence) {
          nowMs += waitMs;
          if (next.kind === 'fetched') {
            for (const old of listed ?? []) leftMs.set(JSON.stringify(old), nowMs);
            for (const current of next.keys) leftMs.delete(JSON.stringify(current));
            listed = next.keys;
          }
          ({ state } = stepJwks(state, next, { nowMs, random }, { refreshMs: 10_000, overlapMs }));
          ({ state } = expireDeparted(state, nowMs, overlapMs));
          const kept = [...leftMs]
            .filter(([, atMs]) => nowMs - atMs < overlapMs)
            .map(([text]) => JSON.parse(text) as Jwk)
            .filter(({ kid }) => listed?.every(other => other['kid'] !== kid) ?? false);
          const expected = listed === undefined ? undefined : [...listed, ...kept].map(text);
          const actual = keysAt(state, nowMs, overlapMs)?.map(text);
          if (expected === undefined) expect(actual).to.equal(undefined);
          else expect(actual).to.have.members(expected);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('is fetched again after the refresh time, sooner after failures, and never at once', () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: 1000, max: 600_000 }), (sequence, refreshMs) => {
        let state = NO_JWKS;
        let failures = 0;
        for (const { event: next, random } of sequence) {
          const step = stepJwks(state, next, { nowMs: 0, random }, { refreshMs, overlapMs: 0 });
          state = step.state;
          failures = next.kind === 'failed' ? failures + 1 : 0;
          const waitMs = failures === 0 ? refreshMs : Math.min(refreshMs, 1000 * 2 ** (failures - 1));
          const [least, most] = failures === 0 ? [0.9, 1.1] : [0.5, 1];
          expect(step.nextMs).to.be.within(waitMs * least - 1e-6, waitMs * most + 1e-6);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

function text(value: Jwk): string {
  return JSON.stringify(value);
}
