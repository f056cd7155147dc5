import { expect } from 'chai';
import fc from 'fast-check';
import { regularExpressionError } from '../../../src/compiler/checks/regular-expression.ts';

const VALID = [
  'abc',
  '^/a(?:b|c)*?/[0-9]+$',
  '(?i)abc(?-i:d)',
  '(?P<name>a)(?<other>b)',
  '\\A\\pL\\p{Greek}\\P{^Lu}\\z',
  '[[:alpha:]_-]+',
  '[]a]',
  '[^]a]',
  '[a-z\\d.-]',
  '\\Qa*b(\\Ec',
  '\\Q(',
  '\\x41\\x{1F600}\\012\\0',
  'a{2}b{2,}c{2,3}?',
  'a{,2}',
  '{',
  'a{',
  'a{1000}',
  '\\_\\-\\/',
  'a|',
  '()',
];

const INVALID: Readonly<Record<string, RegExp>> = {
  '(': /missing \)/,
  ')': /unexpected \)/,
  '[a': /missing \]/,
  '[z-a]': /invalid character class range/,
  '[[:nope:]]': /invalid character class range/,
  '[a-\\d]': /invalid character class range/,
  '*a': /no argument for repetition operator: \*/,
  'a|*': /no argument/,
  '(+)': /no argument/,
  'a**': /bad repetition operator: \*\*/,
  'a{2}{3}': /bad repetition operator/,
  'a{1001}': /invalid repetition size/,
  'a{3,2}': /invalid repetition size/,
  '((a{100}){100}){100}': /invalid repetition size/,
  '(?=a)': /unsupported Perl syntax/,
  '(?<!a)': /unsupported Perl syntax/,
  '(?P<n>a)(?P<n>b)': /duplicate capture group name/,
  '\\1': /invalid escape sequence/,
  '\\Z': /invalid escape sequence/,
  '\\u0041': /invalid escape sequence/,
  '\\x{110000}': /invalid escape sequence/,
  'a\\': /trailing \\/,
};

describe('regularExpressionError', () => {
  for (const pattern of VALID) {
    it(`accepts ${pattern}`, () => {
      expect(regularExpressionError(pattern)).to.equal(undefined);
    });
  }

  for (const [pattern, error] of Object.entries(INVALID)) {
    it(`refuses ${pattern}`, () => {
      expect(regularExpressionError(pattern)).to.match(error);
    });
  }

  it('accepts every literal text once it is escaped, and ends on every text', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        regularExpressionError(text);
        expect(regularExpressionError(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))).to.equal(undefined);
      }),
    );
  });
});
