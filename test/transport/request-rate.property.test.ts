import { expect } from 'chai';
import fc from 'fast-check';
import { countRequest, initialRequestRate } from '../../src/transport/request-rate.ts';

const LIMITS = { perSecond: 10, burst: 20, maxThrottledMs: 1_000 };

/** How long after the one before each request would come, were nothing paused. */
const gaps = fc.array(fc.nat(300), { maxLength: 200 });

/** Plays a client that sends as soon as it is read again. */
function play(waits: readonly number[]): { readonly atMs: readonly number[]; readonly ended: boolean } {
  let state = initialRequestRate(LIMITS, 0);
  let nowMs = 0;
  const atMs: number[] = [];
  for (const wait of waits) {
    nowMs += wait;
    const next = countRequest(state, nowMs, LIMITS);
    ({ state } = next);
    atMs.push(nowMs);
    if (next.decision.kind === 'end') return { atMs, ended: true };
    if (next.decision.kind === 'pause') nowMs += next.decision.ms;
  }
  return { atMs, ended: false };
}

describe('the rate of requests of a stream', () => {
  it('is at most the burst and the rate, in any span of time', () => {
    fc.assert(
      fc.property(gaps, waits => {
        const { atMs } = play(waits);
        for (const [first, from] of atMs.entries()) {
          for (const [last, to] of atMs.entries()) {
            if (last < first) continue;
            const allowed = LIMITS.burst + ((to - from) / 1000) * LIMITS.perSecond + 1;
            expect(last - first + 1).to.be.at.most(Math.ceil(allowed));
          }
        }
      }),
    );
  });

  it('never pauses or ends a client that keeps to it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 100, max: 400 }), { maxLength: 200 }), waits => {
        expect(play(waits)).to.deep.include({ ended: false });
        const total = waits.reduce((sum, wait) => sum + wait, 0);
        expect(play(waits).atMs.at(-1) ?? 0).to.equal(total);
      }),
    );
  });

  it('ends a client that goes on for too long, and not one that rests in between', () => {
    expect(play(Array.from({ length: 100 }, () => 0)).ended).to.equal(true);
    const rested = Array.from({ length: 100 }, (_, index) => (index % 20 === 0 ? 2_000 : 0));
    expect(play(rested).ended).to.equal(false);
  });
});
