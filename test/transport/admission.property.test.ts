import { expect } from 'chai';
import fc from 'fast-check';
import { admit, type AdmissionOptions, initialAdmission, leave } from '../../src/transport/admission.ts';

const options: fc.Arbitrary<AdmissionOptions> = fc.record({
  streamsPerSecond: fc.integer({ min: 1, max: 50 }),
  burst: fc.integer({ min: 1, max: 20 }),
  maxWaitMs: fc.integer({ min: 0, max: 2_000 }),
  maxStreams: fc.integer({ min: 1, max: 30 }),
});

/** Milliseconds until the next stream comes, and how many leave before. */
const arrivals = fc.array(fc.record({ afterMs: fc.nat(400), leaving: fc.nat(2) }), { maxLength: 100 });

describe('admission', () => {
  it('never starts more streams in any time than burst and rate allow, nor has more than the most open', () => {
    fc.assert(
      fc.property(options, arrivals, (settings, coming) => {
        let state = initialAdmission(settings, 0);
        let nowMs = 0;
        let open = 0;
        const startsMs: number[] = [];
        for (const { afterMs, leaving } of coming) {
          nowMs += afterMs;
          for (let gone = 0; gone < leaving && open > 0; gone++) {
            state = leave(state);
            open -= 1;
          }
          const next = admit(state, nowMs, settings);
          state = next.state;
          if (next.decision.kind === 'refused') continue;
          open += 1;
          expect(next.decision.waitMs).to.be.within(0, settings.maxWaitMs);
          startsMs.push(nowMs + next.decision.waitMs);
          expect(open).to.be.at.most(settings.maxStreams);
        }
        expect(state.streams).to.equal(open);
        startsMs.sort((a, b) => a - b);
        startsMs.forEach((fromMs, first) => {
          for (let last = first; last < startsMs.length; last++) {
            const seconds = ((startsMs[last] ?? 0) - fromMs) / 1_000;
            const allowed = settings.burst + seconds * settings.streamsPerSecond;
            expect(last - first + 1).to.be.at.most(allowed + 1e-6);
          }
        });
      }),
    );
  });
});
