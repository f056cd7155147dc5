import { expect } from 'chai';
import { TurnQueue } from '../../src/transport/turn-queue.ts';

describe('TurnQueue', () => {
  it('runs jobs in order, a hundred in one turn', () => {
    const turns: (() => void)[] = [];
    const queue = new TurnQueue(run => void turns.push(run));
    const done: number[] = [];
    for (let job = 0; job < 250; job++) queue.add(() => void done.push(job));
    expect(queue.depth).to.equal(250);
    const counts: number[] = [];
    while (turns.length > 0) {
      turns.shift()?.();
      counts.push(done.length);
    }
    expect(counts).to.deep.equal([100, 200, 250]);
    expect(done).to.deep.equal(Array.from({ length: 250 }, (_, job) => job));
    expect(queue.depth).to.equal(0);
  });

  it('takes jobs that a job adds', () => {
    const turns: (() => void)[] = [];
    const queue = new TurnQueue(run => void turns.push(run));
    const done: string[] = [];
    queue.add(() => {
      done.push('first');
      queue.add(() => void done.push('second'));
    });
    while (turns.length > 0) turns.shift()?.();
    expect(done).to.deep.equal(['first', 'second']);
  });
});
