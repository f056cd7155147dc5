import { expect } from 'chai';
import type { Renewal } from '../../src/authority/authority.ts';
import { Renewer } from '../../src/authority/renewer.ts';
import { FakeClock } from '../support/fake-clock.ts';

const NOTHING: Renewal = { renewed: [], newIssuer: false, newLists: false };

describe('Renewer', () => {
  it('looks at its start and then from time to time, tells what it did, and survives failures', async () => {
    const clock = new FakeClock();
    const told: string[] = [];
    const turns: (Renewal | Error)[] = [
      { ...NOTHING, renewed: ['a'] },
      new Error('no key'),
      NOTHING,
      { ...NOTHING, newLists: true },
    ];
    let turn = 0;
    const renewer = new Renewer(
      {
        clock,
        authority: {
          renew: () => {
            const result = turns[turn++] ?? NOTHING;
            return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
          },
        },
        observer: {
          renewed: ({ renewed, newLists }) => told.push(`renewed ${renewed.join()} ${newLists}`),
          failed: thrown => told.push(String(thrown)),
        },
      },
      1_000,
    );
    await renewer.start();
    for (let step = 0; step < 3; step++) {
      clock.advance(1_000);
      await new Promise(done => setImmediate(done));
    }
    expect(told).to.deep.equal(['renewed a false', 'Error: no key', 'renewed  true']);
    await renewer.stop();
    expect(clock.pending).to.equal(0);
  });
});
