import { expect } from 'chai';
import fc from 'fast-check';
import { isIP } from 'node:net';
import { isIpAddress } from '../../../src/compiler/checks/ip-address.ts';

const addressLike = fc
  .array(fc.constantFrom('0', '1', '255', '256', 'ff', 'fffff', '', '.', ':', '::', '1.2.3.4'), {
    maxLength: 9,
  })
  .map(parts => parts.join(''));

describe('isIpAddress', () => {
  it('agrees with the system on every text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), addressLike), text => {
        expect(isIpAddress(text)).to.equal(isIP(text) !== 0);
      }),
      { numRuns: 2000 },
    );
  });
});
