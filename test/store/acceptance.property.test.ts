import { expect } from 'chai';
import fc from 'fast-check';
import type { NodeIdentity } from '../../src/resources/node.ts';
import { acceptLoad } from '../../src/store/acceptance.ts';
import { EMPTY_STATE, placeNode, type StoreState } from '../../src/store/store-state.ts';
import {
  loadOf,
  MODEL_NODES,
  modelLoad,
  repaired,
  StoreModel,
  type ModelLoad,
} from './support/store-model.ts';

function accept(state: StoreState, step: ModelLoad, nodes: readonly NodeIdentity[]) {
  return acceptLoad(state, loadOf(step), { nowMs: 1, nodes, shrinkGuard: step.guard });
}

function servedBy(state: StoreState, node: NodeIdentity): string | undefined {
  const placement = placeNode(state, node);
  if (placement.kind !== 'served') return undefined;
  const { nodeGroup, version } = placement.group.snapshot;
  return `${nodeGroup}@${version}`;
}

describe('acceptLoad, for any sequence of loads', () => {
  it('serves every node as the model says: whole groups of one load, or what it had', () => {
    fc.assert(
      fc.property(fc.array(modelLoad, { maxLength: 8 }), fc.boolean(), (steps, connected) => {
        const model = new StoreModel();
        let state = EMPTY_STATE;
        for (const step of steps) {
          model.apply(step);
          ({ state } = accept(state, step, connected ? MODEL_NODES : []));
          for (const node of MODEL_NODES) expect(servedBy(state, node)).to.equal(model.served.get(node.id));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('changes nothing when a load comes twice', () => {
    fc.assert(
      fc.property(fc.array(modelLoad, { minLength: 1, maxLength: 6 }), steps => {
        let state = EMPTY_STATE;
        for (const step of steps) {
          ({ state } = accept(state, step, []));
          const again = accept(state, step, []);
          expect(again.outcome.changedGroups).to.be.empty;
          expect(again.outcome.changes).to.be.empty;
          expect(again.outcome.result).not.to.equal('ok');
          for (const node of MODEL_NODES) expect(servedBy(again.state, node)).to.equal(servedBy(state, node));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('forgets all trouble with a load that is good', () => {
    fc.assert(
      fc.property(fc.array(modelLoad, { minLength: 1, maxLength: 8 }), steps => {
        let state = EMPTY_STATE;
        for (const step of steps) ({ state } = accept(state, step, MODEL_NODES));
        const good = repaired(steps[0] ?? { files: new Map(), guard: false });
        const converged = accept(state, good, MODEL_NODES);
        const fresh = accept(EMPTY_STATE, good, MODEL_NODES);
        expect(converged.outcome.heldGroups).to.be.empty;
        expect(converged.state.views).to.have.length(1);
        expect(converged.state.accepted).to.deep.equal(fresh.state.accepted);
        for (const node of MODEL_NODES)
          expect(servedBy(converged.state, node)).to.equal(servedBy(fresh.state, node));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps no more views than there are nodes to serve', () => {
    fc.assert(
      fc.property(fc.array(modelLoad, { minLength: 1, maxLength: 20 }), steps => {
        let state = EMPTY_STATE;
        for (const step of steps) ({ state } = accept(state, step, MODEL_NODES));
        expect(state.views.length).to.be.at.most(1 + MODEL_NODES.length);
      }),
      { numRuns: 200 },
    );
  });
});
