import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { readBinaryV2, writeBinaryV2 } from '../../../src/tokens/macaroon/binary-v2.ts';
import { readJsonV2, writeJsonV2 } from '../../../src/tokens/macaroon/json-v2.ts';
import { readBundle, writeBundle } from '../../../src/tokens/macaroon/macaroon-format.ts';
import {
  addCaveat,
  mintMacaroon,
  type Caveat,
  type Macaroon,
} from '../../../src/tokens/macaroon/macaroon.ts';

const buffer = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map(bytes => Buffer.from(bytes));
const location = fc.string({ maxLength: 20, unit: 'grapheme' });
const caveat: fc.Arbitrary<Caveat> = fc.oneof(
  buffer(200).map(identifier => ({ identifier })),
  fc.record({ identifier: buffer(20), verificationId: buffer(80), location }),
);
const macaroon: fc.Arbitrary<Macaroon> = fc
  .record({
    identifier: buffer(40),
    caveats: fc.array(caveat, { maxLength: 8 }),
    signature: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes)),
    location: fc.option(location, { nil: undefined }),
  })
  .map(({ location: place, ...rest }) => ({ ...rest, ...(place === undefined ? {} : { location: place }) }));

const one = addCaveat(mintMacaroon(randomBytes(32), Buffer.from('id'), 'here'), Buffer.from('exp 5'));

function problemOf(text: string): string {
  try {
    readBundle(text);
    return 'taken';
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

describe('macaroon formats', () => {
  it('read what they write', () => {
    fc.assert(
      fc.property(macaroon, fc.array(macaroon, { maxLength: 3 }), (root, discharges) => {
        fc.pre(Buffer.concat([root, ...discharges].map(writeBinaryV2)).length <= 8_192);
        expect(readBundle(writeBundle({ macaroon: root, discharges }))).to.deep.equal({
          macaroon: root,
          discharges,
        });
        expect(readJsonV2(JSON.stringify(writeJsonV2(root)))).to.deep.equal(root);
      }),
    );
  });

  it('take a macaroon in one spelling only', () => {
    const text = encode(writeBinaryV2(one));
    const whole = readBundle(text);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(255), (noise, at, value) => {
        const bytes = Buffer.from(writeBinaryV2(one));
        bytes[at % bytes.length] = value;
        for (const candidate of [bytes, noise]) {
          let read;
          try {
            read = readBinaryV2(Buffer.from(candidate));
          } catch (thrown) {
            expect(thrown).to.include({ code: 'MACAROON_MALFORMED' });
            continue;
          }
          expect(Buffer.concat([writeBinaryV2(read.macaroon), read.rest])).to.deep.equal(
            Buffer.from(candidate),
          );
        }
      }),
      { numRuns: 500 },
    );
    expect(readBundle(`${text}==`.slice(0, text.length + ((4 - (text.length % 4)) % 4)))).to.deep.equal(
      whole,
    );
  });

  it('refuse what is cut off, has something behind it, or is too large', () => {
    const bytes = writeBinaryV2(one);
    for (let length = 0; length < bytes.length; length++) {
      expect(problemOf(encode(bytes.subarray(0, length))), String(length)).to.match(/^no macaroon/);
    }
    expect(problemOf(encode(Buffer.concat([bytes, Buffer.of(2)])))).to.match(/^no macaroon/);
    expect(problemOf(encode(Buffer.concat([bytes, Buffer.from('0')])))).to.match(/unknown version/);
    expect(problemOf('A'.repeat(20_000))).to.equal('no macaroon: it is too long');
    expect(problemOf('')).to.equal('no macaroon: it is not base64');
    expect(problemOf('a b')).to.equal('no macaroon: it is not base64');
    const many = Array.from({ length: 65 }).reduce<Macaroon>(
      made => addCaveat(made, Buffer.from('exp 5')),
      one,
    );
    expect(problemOf(encode(writeBinaryV2(many)))).to.equal('no macaroon: it has too many caveats');
    const crowd = { macaroon: one, discharges: Array.from({ length: 17 }, () => one) };
    expect(problemOf(writeBundle(crowd))).to.equal('no macaroon: it has too many discharges');
  });

  it('refuse long forms of lengths, fields in another order and unknown fields', () => {
    const signature = Buffer.concat([Buffer.of(0, 6, 32), randomBytes(32)]);
    const sections = (...parts: number[]): string =>
      encode(Buffer.concat([Buffer.of(2, ...parts), signature]));
    expect(problemOf(sections(2, 1, 65, 0))).to.equal('taken');
    expect(problemOf(sections(2, 0x81, 0, 65, 0))).to.match(/long form/);
    expect(problemOf(sections(2, 1, 65, 1, 1, 66, 0))).to.match(/wrong place/);
    expect(problemOf(sections(2, 1, 65, 2, 1, 65, 0))).to.match(/wrong place/);
    expect(problemOf(sections(3, 1, 65, 0))).to.match(/^no macaroon/);
    expect(problemOf(sections(1, 1, 65, 0))).to.match(/no identifier/);
    expect(problemOf(sections(2, 0xff, 0xff, 0xff, 0xff, 1))).to.match(/too long/);
    for (const json of [
      '{"v":1}',
      '{"v":2,"i":"a","i64":"YQ","s64":""}',
      '{"v":2,"x":1}',
      '{',
      '{"v":2,"i":7}',
    ]) {
      expect(problemOf(json), json).to.match(/^no macaroon/);
    }
  });
});
