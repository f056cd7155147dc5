import { expect } from 'chai';
import fc from 'fast-check';
import { holdingOf, NOTHING_HELD, reduceHeld } from '../../src/fleet/held-versions.ts';
import type { Effect } from '../../src/protocol/effect.ts';
import { SECRET } from '../../src/resources/type-url.ts';
import type { Version } from '../../src/resources/version.ts';
import { resource } from '../support/resources.ts';

function send(
  nonce: string,
  contents: Readonly<Record<string, string>>,
  removed: readonly string[] = [],
): Effect {
  const resources = Object.entries(contents).map(([name, content]) => resource(SECRET, name, content));
  const update = {
    variant: 'delta',
    typeUrl: SECRET,
    versionInfo: nonce,
    resources,
    removed,
    bodiless: [],
  } as const;
  return { kind: 'send', typeUrl: SECRET, nonce, update };
}

const acked = (nonce: string): Effect => ({ kind: 'acked', typeUrl: SECRET, nonce, versionInfo: nonce });
const nacked = (nonce: string): Effect => {
  const rejection = { code: 13, message: 'no' };
  return { kind: 'nacked', typeUrl: SECRET, nonce, versionInfo: nonce, rejection, resources: [] };
};
const versionOf = (name: string, content: string): Version => resource(SECRET, name, content).version;

describe('the versions that a client has', () => {
  it('are those that it has accepted, not those that were only sent, or rejected', () => {
    let held = reduceHeld(NOTHING_HELD, send('1', { a: 'x' }));
    expect(holdingOf(held, 'a', versionOf('a', 'x'))).to.equal('behind');
    expect(holdingOf(held, 'b', versionOf('b', 'x'))).to.equal('unused');
    held = reduceHeld(held, acked('1'));
    expect(holdingOf(held, 'a', versionOf('a', 'x'))).to.equal('accepted');
    held = reduceHeld(reduceHeld(held, send('2', { a: 'y' })), nacked('2'));
    expect(holdingOf(held, 'a', versionOf('a', 'y'))).to.equal('behind');
    expect(holdingOf(held, 'a', versionOf('a', 'x'))).to.equal('accepted');
  });

  it('agree with a client that keeps what it accepts, whatever is sent and answered in which order', () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b'),
      content: fc.constantFrom('1', '2', '3'),
      answer: fc.constantFrom('ack', 'nack', 'later', 'remove'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), steps => {
        let held = NOTHING_HELD;
        const client = new Map<string, string>();
        const open = new Map<string, readonly [string, string]>();
        steps.forEach(({ name, content, answer }, index) => {
          const nonce = String(index);
          if (answer === 'remove') {
            held = reduceHeld(reduceHeld(held, send(nonce, {}, [name])), acked(nonce));
            client.delete(name);
            return;
          }
          held = reduceHeld(held, send(nonce, { [name]: content }));
          open.set(nonce, [name, content]);
          if (answer === 'later') return;
          held = reduceHeld(held, answer === 'ack' ? acked(nonce) : nacked(nonce));
          if (answer === 'ack') client.set(name, content);
          open.delete(nonce);
        });
        for (const name of ['a', 'b']) {
          for (const content of ['1', '2', '3']) {
            const isPending = [...open.values()].some(([pending]) => pending === name);
            const has = client.get(name);
            const expected =
              has === content ? 'accepted' : has === undefined && !isPending ? 'unused' : 'behind';
            expect(holdingOf(held, name, versionOf(name, content))).to.equal(expected);
          }
        }
      }),
      { numRuns: process.env['PROVE'] === undefined ? 1_000 : 50_000 },
    );
  });
});
