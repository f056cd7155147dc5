import { expect } from 'chai';
import fc from 'fast-check';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { ResourceStore } from '../../src/store/resource-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { loadOf, MODEL_NODES, modelLoad, StoreModel } from './support/store-model.ts';

const step = fc.oneof(
  { weight: 3, arbitrary: modelLoad.map(load => ({ kind: 'load', load }) as const) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('join', 'leave'), node: fc.constantFrom(...MODEL_NODES) }),
  },
);

describe('ResourceStore, for any sequence of loads, joins and departures', () => {
  it('gives every stream exactly what the model keeps for its node, and never calls twice for one content', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), steps => {
        const observer = {
          callbackFailed: (_: unknown, thrown: unknown) => expect.fail(String(thrown)),
          groupHeld: () => undefined,
        };
        const clock = new FakeClock();
        // Each load says itself whether it is guarded, so there is one store, and its guard is the model's.
        const store = new ResourceStore({ clock, observer });
        const model = new StoreModel();
        const streams = new Map<string, { stream: Disposable; last: Snapshot | undefined }>();
        for (const action of steps) {
          if (action.kind === 'load') {
            model.apply({ ...action.load, guard: true });
            store.apply(loadOf(action.load));
          } else if (action.kind === 'leave') {
            const { id } = action.node;
            streams.get(id)?.stream[Symbol.dispose]();
            if (streams.delete(id)) model.kept.delete(id);
          } else if (!streams.has(action.node.id)) {
            const { id } = action.node;
            model.kept.set(id, model.served.get(id));
            const entry = {
              stream: { [Symbol.dispose]: () => undefined } as Disposable,
              last: undefined as Snapshot | undefined,
            };
            // A node that reconnects sends a new object.
            entry.stream = store.join({ ...action.node }, snapshot => {
              expect(snapshot.version).not.to.equal(entry.last?.version);
              entry.last = snapshot;
            });
            streams.set(id, entry);
          }
          for (const [id, { last }] of streams) {
            // Only content counts: a group that is renamed is no news.
            expect(last?.version).to.equal(model.kept.get(id)?.split('@')[1]);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
