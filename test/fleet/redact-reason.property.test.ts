import { expect } from 'chai';
import fc from 'fast-check';
import { MAX_REASON_LENGTH, redactReason } from '../../src/fleet/redact-reason.ts';

const RUNS = process.env['PROVE'] === '1' ? 100_000 : 3_000;

/** So much of a secret in the output is a leak: a bare token that the client cut off sooner cannot be told from a word. */
const LEAK_LENGTH = 12;

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('');
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.split('');
const HEX = '0123456789abcdef'.split('');

function characters(alphabet: readonly string[], minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
}

/** Random text of a length that nobody takes for a word. */
const randomSecret = fc.oneof(
  characters(BASE64URL, 20, 200).filter(text => /\d/.test(text) && /[A-Z]/.test(text) && /[a-z]/.test(text)),
  characters(BASE64, 24, 400).filter(text => /\d/.test(text) && /[A-Z]/.test(text)),
  characters(HEX, 32, 128).filter(text => /\d/.test(text)),
);

/** A secret that looks like a word: only its place gives it away. */
const wordSecret = fc.constantFrom('correcthorsebattery', 'hunter2hunter2', 'swordfish-swordfish');

interface Planted {
  readonly secret: string;
  readonly text: string;
}

/** Forms that hide a secret by what is around it. */
const enclosed = (secret: string): string[] => [
  `inline_string: "${secret}"`,
  `inline_bytes: "\\001\\"${secret}"`,
  `private_key { inline_string: "${secret}" }`,
  `generic_secret: { secret { inline_string: "${secret} ${secret}" } }`,
  `{"kty":"oct","k":"${secret}","kid":"1"}`,
  `local_jwks { inline_string: "{\\"keys\\":[{\\"kty\\":\\"oct\\",\\"k\\":\\"${secret}\\"}]}" }`,
  `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
  `-----BEGIN EC PRIVATE KEY-----\\n${secret}\\n-----END EC PRIVATE KEY-----`,
  `password: ${secret}`,
  `password=${secret}`,
  `client_secret: ${secret}`,
  `api_key=${secret}&x=1`,
  `authorization: Bearer ${secret}`,
  `Authorization:${secret}`,
  `'token=${secret}'`,
];

/** Forms where the secret stands bare. */
const bare = (secret: string): string[] => [
  secret,
  `'${secret}'`,
  `(${secret})`,
  `[${secret}],`,
  `eyJhbGciOiJIUzI1NiJ9.${secret}.${secret}`,
  `https://example.com/${secret}?x`,
  `glpat-${secret}`,
  `at ${secret}:12`,
];

const planted: fc.Arbitrary<Planted> = fc.oneof(
  fc.tuple(randomSecret, fc.nat()).map(([secret, pick]) => {
    const forms = [...enclosed(secret), ...bare(secret)];
    return { secret, text: forms[pick % forms.length] ?? secret };
  }),
  fc.tuple(wordSecret, fc.nat()).map(([secret, pick]) => {
    const forms = enclosed(secret);
    return { secret, text: forms[pick % forms.length] ?? secret };
  }),
);

const sentence = fc.constantFrom(
  'Error adding/updating listener(s) x:',
  "route: unknown cluster 'ghost'",
  'Proto constraint validation failed',
  'goo.gle/debugonly',
  "Didn't find a registered implementation",
  'name: "x"',
  'codec_type: AUTO',
  'filters {',
  '}',
  '"',
  "doesn't",
);

/** A message with secrets between sentences, cut off anywhere behind its first secret's beginning or not at all. */
const message = fc
  .record({
    parts: fc.array(fc.oneof(sentence, planted), { minLength: 1, maxLength: 12 }),
    glue: fc.constantFrom(' ', '\n', ' \n  ', ', '),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ parts, glue, cut }) => {
    const text = parts.map(part => (typeof part === 'string' ? part : part.text)).join(glue);
    const secrets = parts.flatMap(part => (typeof part === 'string' ? [] : part.secret));
    return { text: cut === null ? text : text.slice(0, Math.ceil(text.length * cut)), secrets };
  });

/** Pieces of a secret that would be a leak. */
function piecesOf(secret: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at + LEAK_LENGTH <= secret.length; at++) pieces.push(secret.slice(at, at + LEAK_LENGTH));
  return pieces;
}

describe('redactReason', function () {
  this.timeout(10_000 + RUNS * 6);
  it('never passes a piece of a secret, whatever its form, its place and where the text is cut off', () => {
    fc.assert(
      fc.property(message, ({ text, secrets }) => {
        const reason = redactReason(text);
        for (const piece of secrets.flatMap(piecesOf)) {
          expect(reason.includes(piece), `${JSON.stringify(text)} -> ${reason}`).to.equal(false);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('never throws, whatever the text, and stays within its length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), text => {
        const reason = redactReason(text);
        expect(reason.length).to.be.at.most(MAX_REASON_LENGTH);
        expect(redactReason(text)).to.equal(reason);
      }),
    );
  });
});
