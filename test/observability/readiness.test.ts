import { expect } from 'chai';
import fc from 'fast-check';
import { Readiness } from '../../src/observability/readiness.ts';
import { Metrics } from '../../src/platform/metrics.ts';

describe('Readiness', () => {
  it('needs both addresses and a snapshot, and names what is missing', () => {
    const readiness = new Readiness(new Metrics());
    readiness.listening();
    expect(readiness.health.ready).to.equal(false);
    expect(readiness.health.checks.filter(check => !check.ok).map(check => check.name)).to.deep.equal([
      'snapshot',
    ]);
    readiness.serving(2);
    expect(readiness.health.ready).to.equal(true);
  });

  it('once ready, is lost by a drain only, whatever is served', () => {
    const steps = fc.array(fc.oneof(fc.nat({ max: 3 }), fc.constant('listening'), fc.constant('draining')));
    fc.assert(
      fc.property(steps, sequence => {
        const readiness = new Readiness(new Metrics());
        let listening = false;
        let served = false;
        let draining = false;
        for (const step of sequence) {
          if (step === 'listening') {
            listening = true;
            readiness.listening();
          } else if (step === 'draining') {
            draining = true;
            readiness.draining();
          } else {
            served ||= step > 0;
            readiness.serving(step);
          }
          expect(readiness.isReady).to.equal(listening && served && !draining);
        }
      }),
      { numRuns: 50 },
    );
  });
});
