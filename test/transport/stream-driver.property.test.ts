import { expect } from 'chai';
import fc from 'fast-check';
import { CLUSTER } from '../../src/resources/type-url.ts';
import { driverScene } from '../support/fake-wire.ts';
import { resource, snapshot } from '../support/resources.ts';

type Move = 'publish' | 'turn' | 'slow' | 'fast' | 'drain' | 'answer' | 'reject' | 'time' | 'garbage node';

const moves = fc.array(
  fc.constantFrom<Move>(
    'publish',
    'turn',
    'slow',
    'fast',
    'drain',
    'answer',
    'reject',
    'time',
    'garbage node',
  ),
  { maxLength: 80 },
);

describe('a stream driver', () => {
  it('writes only while the client keeps up, keeps one response out, and ends with the newest snapshot', () => {
    fc.assert(
      fc.property(moves, sequence => {
        let content = 0;
        const publish = () => snapshot([resource(CLUSTER, 'a', String(++content))]);
        const scene = driverScene({ snapshot: publish() });
        let blocked = false;
        let answered = 0;
        /** Runs a move; what it writes must fit the state before it. */
        const play = (move: () => void): void => {
          const before = scene.wire.written.length;
          const wasBlocked = blocked;
          move();
          const wrote = scene.wire.written.length - before;
          expect(wrote).to.be.at.most(wasBlocked ? 0 : 1);
          if (wrote > 0 && !scene.wire.fast) blocked = true;
          expect(scene.wire.paused).to.equal(blocked);
        };
        const answer = (fields: object): void => {
          // A paused wire delivers nothing.
          const response = scene.wire.responses()[answered];
          if (blocked || response === undefined) return;
          answered += 1;
          play(() => scene.request({ typeUrl: CLUSTER, responseNonce: response.nonce, ...fields }));
        };
        const drain = (): void => {
          blocked = false;
          play(() => scene.driver.drained());
        };
        play(() => scene.request({ typeUrl: CLUSTER }));
        for (const move of sequence) {
          if (move === 'publish') play(() => scene.source.publish(publish()));
          else if (move === 'turn') play(scene.turn);
          else if (move === 'slow') scene.wire.fast = false;
          else if (move === 'fast') scene.wire.fast = true;
          else if (move === 'drain') drain();
          else if (move === 'answer') answer({});
          else if (move === 'reject') answer({ errorDetail: { code: 13, message: 'no' } });
          else if (move === 'time') play(() => scene.clock.advance(100));
          else answer({ node: { id: 'another' } });
        }
        scene.wire.fast = true;
        drain();
        for (let round = 0; round < 3; round++) {
          answer({});
          play(scene.turn);
        }
        const last = scene.wire.responses().at(-1);
        expect(last?.resources[0]?.value.toString()).to.equal(`a=${content}`);
        expect(scene.wire.ended).to.equal(undefined);
        scene.driver.closed();
        expect(scene.clock.pending).to.equal(0);
        expect(scene.source.members).to.equal(0);
      }),
      { numRuns: 300 },
    );
  });
});
