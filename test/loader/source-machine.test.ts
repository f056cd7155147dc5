import { expect } from 'chai';
import {
  initialSourceState,
  stepSource,
  type SourceState,
  type SourceTimings,
} from '../../src/loader/source-machine.ts';
import { SourceWorld } from '../support/source-world.ts';

const TIMINGS: SourceTimings = {
  debounceMs: 150,
  maxWaitMs: 2000,
  confirmMs: 100,
  pollMs: 1000,
  settleMs: 2000,
  rehashMs: 60_000,
  unstableMs: 10_000,
};

function started(scanMs = 5, readMs = 5): SourceWorld {
  const world = new SourceWorld(TIMINGS, scanMs, readMs);
  world.start();
  world.clock.advance(200);
  return world;
}

const rescans = (world: SourceWorld): string[] =>
  world.said.flatMap(said => (said.kind === 'rescanned' ? [`${said.trigger} ${said.changed}`] : []));

describe('stepSource', () => {
  it('hands over the first state at once, even a doubtful one', () => {
    const world = new SourceWorld(TIMINGS, 5, 5);
    world.change('broken', 'doubtful');
    world.start();
    world.clock.advance(120);
    expect(world.handed).to.deep.equal(['broken']);
  });

  it('hands over a change 150 + 100 ms after its hint, plus the time of three scans and a reading', () => {
    const world = started();
    world.change('next', 'clean');
    world.hint();
    world.clock.advance(150 + 100 + 4 * 5 - 1);
    expect(world.handed).to.deep.equal(['initial']);
    world.clock.advance(1);
    expect(world.handed).to.deep.equal(['initial', 'next']);
    expect(rescans(world).at(-1)).to.equal('event true');
  });

  it('waits while hints keep coming, but not longer than 2 s', () => {
    const world = started();
    world.change('next', 'clean');
    for (let hints = 0; hints < 30; hints += 1) {
      world.hint();
      world.clock.advance(100);
      if (hints * 100 < 1900) expect(world.handed).to.have.length(1);
    }
    expect(world.handed).to.deep.equal(['initial', 'next']);
  });

  it('finds by polling what no hint told, and says so', () => {
    const world = started();
    world.change('next', 'clean');
    world.clock.advance(1200);
    expect(world.handed).to.deep.equal(['initial', 'next']);
    expect(rescans(world).at(-1)).to.equal('poll true');
  });

  it('is silent about a touch', () => {
    const world = started();
    world.change('initial', 'clean');
    world.hint();
    world.clock.advance(500);
    expect(world.handed).to.deep.equal(['initial']);
    expect(rescans(world).at(-1)).to.equal('event false');
  });

  it('does not hand over a doubtful state that is gone within 2 s', () => {
    const world = started();
    world.change('half', 'doubtful');
    world.hint();
    world.clock.advance(1500);
    expect(world.said.some(said => said.kind === 'settling' && said.hash === 'half')).to.equal(true);
    world.change('whole', 'clean');
    world.hint();
    world.clock.advance(5000);
    expect(world.handed).to.deep.equal(['initial', 'whole']);
  });

  it('hands over a doubtful state that stays, 2 s after it was seen', () => {
    const world = started();
    world.change('half', 'doubtful');
    world.hint();
    world.clock.advance(270 + 1999);
    expect(world.handed).to.deep.equal(['initial']);
    world.clock.advance(10);
    expect(world.handed).to.deep.equal(['initial', 'half']);
    expect(rescans(world).filter(rescan => rescan.endsWith('true'))).to.deep.equal([
      'api true',
      'event true',
    ]);
  });

  it('is silent about a doubtful state that is undone', () => {
    const world = started();
    world.change('half', 'doubtful');
    world.hint();
    world.clock.advance(1000);
    world.change('initial', 'clean');
    world.hint();
    world.clock.advance(10_000);
    expect(world.handed).to.deep.equal(['initial']);
  });

  it('never hands over files that do not stand still, and reports them once after 10 s', () => {
    const world = started();
    for (let changes = 0; changes < 300; changes += 1) {
      world.change(`state ${changes}`, 'clean');
      world.clock.advance(90);
    }
    expect(world.handed).to.deep.equal(['initial']);
    expect(world.said.filter(said => said.kind === 'unstable')).to.have.length(1);
    world.clock.advance(1000);
    expect(world.handed).to.deep.equal(['initial', 'state 299']);
  });

  it('polls a tree that is slow to scan less often', () => {
    const world = started(400, 5);
    world.clock.advance(5000);
    const before = rescans(world).length;
    world.clock.advance(44_000);
    expect(rescans(world).length - before).to.equal(10);
  });

  it('reads everything when an operator asks, also in the middle of a look', () => {
    for (const delayMs of [0, 152, 200, 259, 264]) {
      const world = started();
      world.change('initial', 'clean');
      world.hint();
      world.clock.advance(delayMs);
      world.change('silent', 'clean', true);
      world.hint('signal');
      world.clock.advance(1000);
      expect(world.handed, `after ${delayMs} ms`).to.deep.equal(['initial', 'silent']);
    }
  });

  it('goes on after a failure, and does not try the same again at once', () => {
    let state: SourceState = initialSourceState;
    const send = (
      event: Parameters<typeof stepSource>[2],
      nowMs: number,
    ): readonly { readonly kind: string }[] => {
      const step = stepSource(TIMINGS, state, event, nowMs);
      state = step.state;
      return step.effects;
    };
    const scanned = { kind: 'scanned', signature: 's', durationMs: 1 } as const;
    send({ kind: 'started' }, 0);
    send(scanned, 1);
    send({ kind: 'elapsed', timer: 'confirm' }, 101);
    expect(send(scanned, 102)).to.deep.equal([{ kind: 'read', everything: true }]);
    expect(send({ kind: 'failed' }, 103)).to.deep.equal([{ kind: 'start-timer', timer: 'poll', ms: 1000 }]);
    expect(send({ kind: 'elapsed', timer: 'poll' }, 1103)).to.deep.include({ kind: 'scan' });
    expect(send(scanned, 1104).map(effect => effect.kind)).to.not.include('read');
    send({ kind: 'elapsed', timer: 'poll' }, 2104);
    expect(send({ ...scanned, signature: 't' }, 2105)).to.deep.include({
      kind: 'start-timer',
      timer: 'confirm',
      ms: 100,
    });
  });
});
