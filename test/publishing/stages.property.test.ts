import { expect } from 'chai';
import fc from 'fast-check';
import { publishingStages } from '../../src/publishing/stages.ts';
import type { Resource } from '../../src/resources/resource.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { ModelProxy, rebind, SLOTS, snapshotOf, type Wanted } from './slot-world.ts';

const RUNS = process.env['PROVE'] === '1' ? 20_000 : 1_000;
const NAMES = [
  'api',
  'admin',
  'web',
  'ci',
  'mesh',
  'partner',
  'ops',
  'public-api',
  'beta',
  'v2',
  'old',
  'new',
];

const wanted: fc.Arbitrary<Wanted> = fc
  .subarray(NAMES, { minLength: 1, maxLength: SLOTS / 2 })
  .chain(chains => {
    const route = fc.constantFrom(...chains);
    const table = fc.dictionary(fc.constantFrom('r0', 'r1', 'r2', 'r3'), route, { minKeys: 1 });
    return fc.record({
      chains: fc
        .tuple(...chains.map(() => fc.integer({ min: 1, max: 3 })))
        .map(revisions => Object.fromEntries(chains.map((chain, index) => [chain, revisions[index] ?? 1]))),
      tables: fc.record({ main: table, other: table }),
    });
  });

/** Numbers that order what may come in any order. */
const choices = fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 });

function shuffled(resources: readonly Resource[], order: readonly number[], at: number): readonly Resource[] {
  return resources
    .map((resource, index) => ({ resource, rank: order[(at + index) % order.length] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ resource }) => resource);
}

/** Applies a stage as the protocol orders it: all contents of slots, then routes. `check` follows each resource. */
function applyStage(
  proxy: ModelProxy,
  stage: Snapshot,
  order: readonly number[],
  check: () => void,
  upTo = Infinity,
): void {
  const { slots, tables } = proxy.missing(stage);
  const sequence = [...shuffled(slots, order, 0), ...shuffled(tables, order, slots.length)];
  for (const resource of sequence.slice(0, upTo)) {
    proxy.apply(resource);
    check();
  }
}

function startedProxy(first: Snapshot): ModelProxy {
  const proxy = new ModelProxy();
  applyStage(proxy, first, [0], () => undefined);
  return proxy;
}

describe('publishing in stages', () => {
  it('never lets a route name a slot that does not hold its chain, whatever comes first inside a stage', () => {
    fc.assert(
      fc.property(fc.array(wanted, { minLength: 2, maxLength: 6 }), choices, (sequence, order) => {
        const [first, ...others] = sequence.map(snapshotOf);
        if (first === undefined) return;
        const proxy = startedProxy(first);
        let from = first;
        for (const to of others) {
          const stages = publishingStages(from, to, rebind);
          expect(stages.at(-1)).to.equal(to);
          expect(stages.length).to.be.at.most(3);
          for (const stage of stages) {
            applyStage(proxy, stage, order, () => {
              expect(proxy.refused()).to.deep.equal([]);
            });
            from = stage;
          }
          expect(proxy.missing(to)).to.deep.equal({ slots: [], tables: [] });
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('brings every edit of a chain with the first stage, into every slot that holds it', () => {
    fc.assert(
      fc.property(wanted, wanted, choices, (before, after, order) => {
        const [from, to] = [snapshotOf(before), snapshotOf(after)];
        const proxy = startedProxy(from);
        const [first = to] = publishingStages(from, to, rebind);
        applyStage(proxy, first, order, () => undefined);
        for (const [, { chain, revision }] of proxy.holders()) {
          if (chain in after.chains) expect(revision).to.equal(after.chains[chain]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('ends with the newest snapshot also when stages are broken off, and refuses nothing while slots last', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ to: wanted, stages: fc.nat(2), resources: fc.nat(6) }), {
          minLength: 1,
          maxLength: 4,
        }),
        wanted,
        wanted,
        choices,
        (interrupted, start, end, order) => {
          const first = snapshotOf(start);
          const proxy = startedProxy(first);
          const chains = new Set(
            [start, end, ...interrupted.map(({ to }) => to)].flatMap(world => Object.keys(world.chains)),
          );
          const check = (): void => {
            if (chains.size <= SLOTS / 2) expect(proxy.refused()).to.deep.equal([]);
          };
          let from = first;
          for (const { to, stages: whole, resources } of interrupted) {
            const stages = publishingStages(from, snapshotOf(to), rebind);
            const taken = stages.slice(0, Math.min(whole, stages.length - 1));
            for (const stage of taken) applyStage(proxy, (from = stage), order, check);
            const next = stages[taken.length];
            if (next !== undefined) applyStage(proxy, (from = next), order, check, resources);
          }
          const last = snapshotOf(end);
          for (const stage of publishingStages(from, last, rebind)) applyStage(proxy, stage, order, check);
          expect(proxy.refused()).to.deep.equal([]);
          expect(proxy.missing(last)).to.deep.equal({ slots: [], tables: [] });
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('is one stage for what has no auth, and for a first snapshot', () => {
    const to = snapshotOf({ chains: { api: 1 }, tables: {} });
    const bare = { ...to, auth: undefined };
    expect(publishingStages(undefined, to, rebind)).to.deep.equal([to]);
    expect(publishingStages(bare, to, rebind)).to.deep.equal([to]);
    expect(publishingStages(to, bare, rebind)).to.deep.equal([bare]);
    expect(publishingStages(to, to, rebind)).to.deep.equal([to]);
  });
});
