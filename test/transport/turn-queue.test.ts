import { expect } from 'chai';
import { TurnQueue } from '../../src/transport/turn-queue.ts';

describe('TurnQueue', () => {
  it('runs jobs in order, for twenty milliseconds in one turn', () => {
    const turns: (() => void)[] = [];
    let nowMs = 0;
    const queue = new TurnQueue({ schedule: run => void turns.push(run), nowMs: () => nowMs });
    const done: number[] = [];
    for (let job = 0; job < 50; job++) {
      queue.add(() => {
        nowMs += 1;
        done.push(job);
      });
    }
    expect(queue.depth).to.equal(50);
    const counts: number[] = [];
    while (turns.length > 0) {
      turns.shift()?.();
      counts.push(done.length);
    }
    expect(counts).to.deep.equal([20, 40, 50]);
    expect(done).to.deep.equal(Array.from({ length: 50 }, (_, job) => job));
    expect(queue.depth).to.equal(0);
  });

  it('takes jobs that a job adds, in the turn after', () => {
    const turns: (() => void)[] = [];
    const queue = new TurnQueue({ schedule: run => void turns.push(run) });
    const done: string[] = [];
    queue.add(() => {
      done.push('first');
      queue.add(() => void done.push('second'));
    });
    while (turns.length > 0) turns.shift()?.();
    expect(done).to.deep.equal(['first', 'second']);
  });
});
