import { expect } from 'chai';
import { median, medianAfterWarmUp } from '../../bench/measure.ts';

describe('median', () => {
  it('is the value in the middle, or between the two in the middle', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
  });

  it('leaves out the values of the warm-up, but never all', () => {
    expect(medianAfterWarmUp([100, 90, 3, 1, 2], 2)).to.equal(2);
    expect(medianAfterWarmUp([7], 2)).to.equal(7);
  });
});
