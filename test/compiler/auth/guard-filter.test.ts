import { expect } from 'chai';
import fc from 'fast-check';
import { ODD_ESCAPE, PATH_FORM } from '../../../src/compiler/auth/guard-filter.ts';

const form = new RegExp(`^(?:${PATH_FORM})$`);
const odd = new RegExp(`^(?:${ODD_ESCAPE})$`);

/** What the guard is meant to let pass: visible ASCII but `;`, and escapes of well-formed UTF-8 without controls, `%` and `;`. */
function isPlain(path: string): boolean {
  if (!/^[!-~]*$/.test(path) || path.includes(';')) return false;
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return false;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return false;
  }
  const hasControls = Array.from(decoded).some(character => character < ' ' || character === '\u007f');
  return !hasControls && !/%25|%3b/i.test(path);
}

const escape = fc.integer({ min: 0, max: 255 }).map(byte => `%${byte.toString(16).padStart(2, '0')}`);
const part = fc.oneof(
  { weight: 3, arbitrary: escape },
  { weight: 1, arbitrary: escape.map(text => text.toUpperCase()) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('/', 'a', '.', '..', '~', '-', ';', '%', '%2', ' ', '\\', 'é', '\u0000'),
  },
  {
    weight: 2,
    arbitrary: fc
      .string({ unit: 'binary', minLength: 1, maxLength: 2 })
      .filter(text => text.isWellFormed())
      .map(encodeURIComponent),
  },
);

describe('the path guard', () => {
  it('lets pass exactly the paths that every upstream reads as Envoy does', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), parts => {
        const path = `/${parts.join('')}`;
        expect(form.test(path) && !odd.test(path), path).to.equal(isPlain(path));
      }),
      { numRuns: process.env['PROVE'] === '1' ? 200_000 : 20_000 },
    );
  });

  it('knows every escape of one, two and three bytes', () => {
    const hex = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`;
    for (let first = 0; first < 256; first++) {
      expect(form.test(`/${hex(first)}`) && !odd.test(`/${hex(first)}`)).to.equal(isPlain(`/${hex(first)}`));
      for (let second = 0x70; second < 256; second++) {
        for (const third of ['', '%80', '%bf', '%c0']) {
          const path = `/${hex(first)}${hex(second)}${third}`;
          expect(form.test(path) && !odd.test(path), path).to.equal(isPlain(path));
        }
      }
    }
  });
});
