import { expect } from 'chai';
import fc from 'fast-check';
import { isIP } from 'node:net';
import { cidrRange } from '../../../src/compiler/auth/cidr.ts';

describe('cidrRange', () => {
  it('takes every address with every length that fits it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 200 }), (address, length) => {
        // The mixed form of RFC 4291 is left out.
        fc.pre(!(address.includes(':') && address.includes('.')));
        const fits = length <= (isIP(address) === 4 ? 32 : 128);
        expect(cidrRange(`${address}/${length}`)).to.deep.equal(
          fits ? { address_prefix: address, prefix_len: length } : undefined,
        );
      }),
    );
  });

  it('takes an address alone for a network of one', () => {
    expect(cidrRange('10.1.2.3')).to.deep.equal({ address_prefix: '10.1.2.3', prefix_len: 32 });
    expect(cidrRange('::1')).to.deep.equal({ address_prefix: '::1', prefix_len: 128 });
  });

  for (const text of [
    '',
    '10.0.0',
    '10.0.0.256/8',
    '10.0.0.0/',
    '10.0.0.0/x',
    '1:2:3/8',
    '::1::/8',
    'host/8',
    '10.0.0.0/8/8',
    'g::/8',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(cidrRange(text)).to.equal(undefined);
    });
  }
});
