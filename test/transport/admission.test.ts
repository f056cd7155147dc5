import { expect } from 'chai';
import {
  admit,
  type AdmissionOptions,
  DEFAULT_ADMISSION,
  initialAdmission,
  leave,
} from '../../src/transport/admission.ts';

const OPTIONS: AdmissionOptions = { streamsPerSecond: 10, burst: 2, maxWaitMs: 500, maxStreams: 100 };

describe('admission', () => {
  it('lets a burst in at once, then makes streams wait, then refuses', () => {
    let state = initialAdmission(OPTIONS, 0);
    const decisions = Array.from({ length: 9 }, () => {
      const next = admit(state, 0, OPTIONS);
      state = next.state;
      return next.decision;
    });
    expect(
      decisions.map(decision => (decision.kind === 'admitted' ? decision.waitMs : decision.reason)),
    ).to.deep.equal([0, 0, 100, 200, 300, 400, 500, 'rate', 'rate']);
    expect(state.streams).to.equal(7);
  });

  it('refuses over the most streams, until one leaves', () => {
    const options = { ...OPTIONS, maxStreams: 1 };
    const first = admit(initialAdmission(options, 0), 0, options);
    const refused = admit(first.state, 10_000, options);
    expect(refused.decision).to.deep.equal({ kind: 'refused', reason: 'max_streams' });
    expect(admit(leave(refused.state), 10_000, options).decision.kind).to.equal('admitted');
  });

  it('gains nothing from a clock that steps back', () => {
    const first = admit(initialAdmission(OPTIONS, 1_000), 1_000, OPTIONS);
    expect(admit(first.state, 0, OPTIONS).state.tokens).to.equal(0);
  });

  it('by default lets a single Envoy open 2,000 streams of its own types at once', () => {
    let state = initialAdmission(DEFAULT_ADMISSION, 0);
    for (let stream = 0; stream < 2_000; stream++) {
      const next = admit(state, 0, DEFAULT_ADMISSION);
      expect(next.decision).to.deep.equal({ kind: 'admitted', waitMs: 0 });
      state = next.state;
    }
  });
});
