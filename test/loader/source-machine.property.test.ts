import { expect } from 'chai';
import * as fc from 'fast-check';
import type { SourceTimings } from '../../src/loader/source-machine.ts';
import { SourceWorld, type Said } from '../support/source-world.ts';

const TIMINGS: SourceTimings = {
  debounceMs: 150,
  maxWaitMs: 2000,
  confirmMs: 100,
  pollMs: 1000,
  settleMs: 2000,
  rehashMs: 60_000,
  unstableMs: 10_000,
};

/** What happens to the files, `afterMs` after what happened before. */
interface Happening {
  readonly afterMs: number;
  readonly kind: 'clean' | 'doubtful' | 'touch' | 'hint' | 'signal';
  /** Contents come back, as in a checkout back and forth. */
  readonly content: number;
  /** Whether the system tells of the change. */
  readonly heard: boolean;
}

const happening: fc.Arbitrary<Happening> = fc.record({
  afterMs: fc.oneof(fc.nat(40), fc.nat(300), fc.nat(3000)),
  kind: fc.constantFrom('clean', 'clean', 'doubtful', 'touch', 'hint', 'signal'),
  content: fc.nat(3),
  heard: fc.boolean(),
});

const run = fc.record({
  happenings: fc.array(happening, { maxLength: 30 }),
  scanMs: fc.nat(60),
  readMs: fc.nat(60),
});

type Run = typeof run extends fc.Arbitrary<infer T> ? T : never;

function play({ happenings, scanMs, readMs }: Run, hearing: 'as told' | 'always'): SourceWorld {
  const world = new SourceWorld(TIMINGS, scanMs, readMs);
  world.start();
  for (const { afterMs, kind, content, heard } of happenings) {
    world.clock.advance(afterMs);
    if (kind === 'signal') world.hint('signal');
    else if (kind === 'hint') world.hint();
    else {
      if (kind === 'touch') world.change(world.world.hash, world.world.verdict);
      else world.change(`${kind} ${content}`, kind);
      if (heard || hearing === 'always') world.hint();
    }
  }
  return world;
}

/** The longest that anything may take once the files stand still. */
function patienceMs(scanMs: number, readMs: number): number {
  const lookMs = 4 * (scanMs + TIMINGS.confirmMs) + readMs;
  return Math.max(TIMINGS.pollMs, 10 * scanMs) + TIMINGS.maxWaitMs + 3 * lookMs;
}

/** Settling adds to it, counted from the last change. */
const SETTLING_MS = 2 * TIMINGS.settleMs;

const seed = { numRuns: 1500 };

describe('stepSource, whatever happens', () => {
  it('hands over the last state within a bounded time after the files stand still, then rests', () => {
    fc.assert(
      fc.property(run, input => {
        const world = play(input, 'as told');
        const patience = patienceMs(input.scanMs, input.readMs);
        world.clock.advance(patience + (world.world.verdict === 'doubtful' ? SETTLING_MS : 0));
        expect(world.handed.at(-1)).to.equal(world.world.hash);
        const count = world.handed.length;
        world.clock.advance(200_000);
        expect(world.handed.length).to.equal(count);
        expect(world.isAlive).to.equal(true);
      }),
      seed,
    );
  });

  it('is faster than the poll when it was told of the last change', () => {
    fc.assert(
      fc.property(run, input => {
        const world = play(input, 'always');
        const lookMs = 4 * (input.scanMs + TIMINGS.confirmMs) + input.readMs;
        world.clock.advance(TIMINGS.debounceMs + 3 * lookMs);
        if (world.world.verdict === 'clean') expect(world.handed.at(-1)).to.equal(world.world.hash);
      }),
      seed,
    );
  });

  it('never hands over a state that has not been seen twice, and not the same one twice in a row', () => {
    fc.assert(
      fc.property(run, input => {
        const world = play(input, 'as told');
        world.clock.advance(30_000);
        const { handed } = world;
        for (const [index, hash] of handed.entries()) expect(hash).to.not.equal(handed[index - 1]);
        for (const said of handOvers(world)) {
          expect(said.scanned?.hash).to.equal(said.hash);
          const stoodForMs = said.atMs - (said.scanned?.sinceMs ?? said.atMs);
          expect(stoodForMs).to.be.at.least(TIMINGS.confirmMs);
        }
      }),
      seed,
    );
  });

  it('hands over a doubtful state only after it has settled, but for the first', () => {
    fc.assert(
      fc.property(run, input => {
        const world = play(input, 'as told');
        world.clock.advance(30_000);
        for (const said of handOvers(world).slice(1)) {
          if (said.scanned?.verdict !== 'doubtful') continue;
          expect(settledForMs(world, said)).to.be.at.least(TIMINGS.settleMs);
        }
      }),
      seed,
    );
  });

  it('reports a doubtful source within a bounded time, even if it keeps changing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 700, max: 1900 }), fc.nat(60), (everyMs, scanMs) => {
        const world = new SourceWorld(TIMINGS, scanMs, 10);
        world.start();
        world.clock.advance(1000);
        for (let elapsedMs = 0; elapsedMs < 6 * TIMINGS.settleMs; elapsedMs += everyMs) {
          world.change(`piece ${elapsedMs}`, 'doubtful');
          world.hint();
          world.clock.advance(everyMs);
        }
        expect(world.handed.length).to.be.within(2, 3);
      }),
      { numRuns: 200 },
    );
  });

  it('never takes a change that it was told of for one that polling found', () => {
    fc.assert(
      fc.property(run, input => {
        const world = play(input, 'always');
        world.clock.advance(30_000);
        const lost = world.said.filter(
          said => said.kind === 'rescanned' && said.trigger === 'poll' && said.changed,
        );
        expect(lost).to.deep.equal([]);
      }),
      seed,
    );
  });

  it('finds content that changed under an unchanged signature with the next reading of everything', () => {
    fc.assert(
      fc.property(run, input => {
        const world = play(input, 'as told');
        world.clock.advance(30_000);
        world.change('silent', 'clean', true);
        world.clock.advance(TIMINGS.rehashMs + patienceMs(input.scanMs, input.readMs));
        expect(world.handed.at(-1)).to.equal('silent');
      }),
      seed,
    );
  });
});

function handOvers(world: SourceWorld): Extract<Said, { kind: 'hand-over' }>[] {
  return world.said.filter(said => said.kind === 'hand-over');
}

/** Since the first of the doubtful states that end with this one, none of them handed over. */
function settledForMs(world: SourceWorld, said: Said): number {
  const before = world.said.slice(0, world.said.indexOf(said));
  const lastHandOver = before.findLastIndex(({ kind }) => kind === 'hand-over');
  const first = before.slice(lastHandOver + 1).find(({ kind }) => kind === 'settling');
  return first === undefined ? 0 : said.atMs - first.atMs;
}
