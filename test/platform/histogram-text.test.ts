import { expect } from 'chai';
import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { HistogramSeries } from '../../src/platform/histogram-text.ts';

const BUCKETS = [0.1, 1, 10];
const value = fc.oneof(fc.constantFrom(...BUCKETS, 0), fc.double({ min: 0, max: 20, noNaN: true }));

describe('HistogramSeries', () => {
  it('writes what prom-client writes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1 }), fc.string(), async (values, label) => {
        const registers = [new Registry()];
        const configuration = { name: 'h', help: 'h', labelNames: ['group'], buckets: BUCKETS, registers };
        const reference = new Histogram(configuration);
        const series = new HistogramSeries(BUCKETS);
        for (const entry of values) {
          reference.observe({ group: label }, entry);
          series.observe(entry);
        }
        const expected = (await registers[0]?.metrics()) ?? '';
        // A label may have line breaks only in their escaped form, so lines are lines.
        const lines = expected.split('\n').filter(line => line !== '' && !line.startsWith('#'));
        expect(series.lines('h', { group: label })).to.deep.equal(lines);
      }),
    );
  });
});
