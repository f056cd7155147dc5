import { expect } from 'chai';
import fc from 'fast-check';
import { type LoadSample, type Overload, stepLoadGuard } from '../../src/transport/load-guard.ts';
import { LoadMonitor } from '../../src/transport/load-monitor.ts';
import type { TransportEvent } from '../../src/transport/transport-event.ts';
import { FakeClock } from '../support/fake-clock.ts';

const LIMITS = { maxMemoryBytes: 1_000, maxLagMs: 100 };
const sample = fc.record({ memoryBytes: fc.nat(2_000), lagMs: fc.nat(200) });

describe('the guard of the load', () => {
  it('is on above a limit, and stays on until the load is well below it', () => {
    const memory = [900, 1_001, 1_000, 951, 950, 1_000].reduce<{
      state: ReadonlySet<Overload>;
      seen: boolean[];
    }>(
      ({ state, seen }, memoryBytes) => {
        const next = stepLoadGuard(state, { memoryBytes, lagMs: 0 }, LIMITS);
        return { state: next, seen: [...seen, next.has('memory')] };
      },
      { state: new Set(), seen: [] },
    );
    expect(memory.seen).to.deep.equal([false, true, true, true, false, false]);
  });

  it('is on for whatever is above its limit and off for whatever is at rest, after any history', () => {
    fc.assert(
      fc.property(fc.array(sample), sample, (before, last) => {
        const state = before.reduce<ReadonlySet<Overload>>(
          (overloads, load) => stepLoadGuard(overloads, load, LIMITS),
          new Set(),
        );
        const next = stepLoadGuard(state, last, LIMITS);
        if (last.memoryBytes > 1_000) expect(next.has('memory')).to.equal(true);
        if (last.memoryBytes <= 950) expect(next.has('memory')).to.equal(false);
        if (last.lagMs > 100) expect(next.has('lag')).to.equal(true);
        if (last.lagMs <= 50) expect(next.has('lag')).to.equal(false);
      }),
    );
  });

  it('knows no limit of memory where there is none', () => {
    const load = { memoryBytes: 1e12, lagMs: 0 };
    expect(stepLoadGuard(new Set(), load, { maxMemoryBytes: undefined, maxLagMs: 1 })).to.deep.equal(
      new Set(),
    );
  });
});

describe('the monitor of the load', () => {
  it('tells once when an overload begins and once when it ends', () => {
    const clock = new FakeClock();
    const events: TransportEvent[] = [];
    let load: LoadSample = { memoryBytes: 2_000, lagMs: 0 };
    using monitor = new LoadMonitor(
      { clock, observe: event => void events.push(event), sample: () => load },
      LIMITS,
    );
    monitor.start();
    expect(monitor.overload).to.equal(undefined);
    clock.advance(3_000);
    expect(monitor.overload).to.equal('memory');
    load = { memoryBytes: 10, lagMs: 0 };
    clock.advance(3_000);
    expect(monitor.overload).to.equal(undefined);
    expect(events).to.deep.equal([
      { kind: 'overload', overload: 'memory', isOver: true, memoryBytes: 2_000, lagMs: 0 },
      { kind: 'overload', overload: 'memory', isOver: false, memoryBytes: 10, lagMs: 0 },
    ]);
  });
});
