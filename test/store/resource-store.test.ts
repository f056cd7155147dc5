import { expect } from 'chai';
import type { NodeIdentity } from '../../src/resources/node.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { CLUSTER } from '../../src/resources/type-url.ts';
import type { HeldGroup } from '../../src/store/load-outcome.ts';
import {
  ResourceStore,
  type ResourceStoreOptions,
  type ResourceStoreParts,
} from '../../src/store/resource-store.ts';
import type { StoreState } from '../../src/store/store-state.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { cluster, clusters, load, node, type FileParts } from './support/loads.ts';

class Observed {
  readonly clock = new FakeClock();
  readonly failures: [string, unknown][] = [];
  readonly held: HeldGroup[] = [];
  readonly saved: StoreState[] = [];
  confirmed: string | undefined;

  store(parts: Partial<ResourceStoreParts> = {}, options: ResourceStoreOptions = {}): ResourceStore {
    return new ResourceStore(
      {
        clock: this.clock,
        observer: {
          callbackFailed: ({ id }, thrown) => this.failures.push([id, thrown]),
          groupHeld: group => this.held.push(group),
        },
        save: state => this.saved.push(state),
        confirmation: {
          read: () => Promise.resolve(this.confirmed),
          clear: () => {
            this.confirmed = undefined;
            return Promise.resolve();
          },
        },
        ...parts,
      },
      options,
    );
  }
}

/** A stream that writes down what it is given. */
function follow(store: ResourceStore, identity: NodeIdentity): { given: Snapshot[]; stream: Disposable } {
  const given: Snapshot[] = [];
  return { given, stream: store.join(identity, snapshot => given.push(snapshot)) };
}

const edge: FileParts = { path: 'edge.yaml', ids: ['edge-*'], resources: [cluster('edge')] };
const core: FileParts = { path: 'core.yaml', ids: ['core-*'], resources: [cluster('core')] };
const edge2: FileParts = { ...edge, resources: [cluster('edge', '2')] };

describe('ResourceStore', () => {
  it('gives a node its snapshot at once, then each change', () => {
    const store = new Observed().store();
    store.apply(load({ files: [edge, core] }));
    const { given } = follow(store, node('edge-1'));
    expect(given).to.have.length(1);
    store.apply(load({ files: [edge2, core] }));
    expect(given.map(snapshot => snapshot.nodeGroup)).to.deep.equal(['edge.yaml', 'edge.yaml']);
  });

  it('gives a waiting node its snapshot when a load brings one', () => {
    const store = new Observed().store();
    const { given } = follow(store, node('edge-1'));
    expect(store.nodesWithout().map(({ reason }) => reason)).to.deep.equal(['not-loaded']);
    store.apply(load({ files: [core] }));
    expect(store.nodesWithout().map(({ reason }) => reason)).to.deep.equal(['unmatched']);
    store.apply(load({ files: [core, edge] }));
    expect(given).to.have.length(1);
    expect(store.nodesWithout()).to.be.empty;
  });

  it('does not call for content that is the same, whoever else changes', () => {
    const store = new Observed().store();
    store.apply(load({ files: [edge, core] }));
    const { given } = follow(store, node('edge-1'));
    store.apply(load({ files: [edge, core] }));
    store.apply(load({ files: [edge, { ...core, resources: [cluster('core', '2')] }] }));
    store.apply(load({ files: [{ ...edge, path: 'renamed.yaml' }, core] }));
    expect(given).to.have.length(1);
    expect(store.groups().map(({ key, nodes }) => [key, nodes])).to.deep.equal([
      ['core.yaml', 0],
      ['renamed.yaml', 1],
    ]);
  });

  it('calls in the order in which streams joined', () => {
    const store = new Observed().store();
    const order: string[] = [];
    for (const id of ['edge-9', 'core-5', 'edge-1', 'edge-9']) store.join(node(id), () => order.push(id));
    store.apply(load({ files: [edge, core] }));
    expect(order).to.deep.equal(['edge-9', 'core-5', 'edge-1', 'edge-9']);
  });

  it('reports a callback that throws and calls the others', () => {
    const observed = new Observed();
    const store = observed.store();
    const defect = new Error('defect');
    store.join(node('edge-1'), () => {
      throw defect;
    });
    const { given } = follow(store, node('edge-2'));
    store.apply(load({ files: [edge] }));
    expect(given).to.have.length(1);
    expect(observed.failures).to.deep.equal([['edge-1', defect]]);
  });

  it('stops calling a stream that has left, also one that leaves during the calls', () => {
    const store = new Observed().store();
    const given: string[] = [];
    const second: Disposable[] = [];
    store.join(node('edge-1'), () => second.forEach(stream => stream[Symbol.dispose]()));
    second.push(store.join(node('edge-2'), () => given.push('second')));
    const third = store.join(node('edge-3'), () => given.push('third'));
    third[Symbol.dispose]();
    third[Symbol.dispose]();
    store.apply(load({ files: [edge] }));
    expect(given).to.be.empty;
    expect(store.groups().map(({ nodes }) => nodes)).to.deep.equal([1]);
  });

  it('gives every stream the newest content when a callback applies another load', () => {
    const store = new Observed().store();
    let applied = false;
    store.join(node('edge-1'), () => {
      if (applied) return;
      applied = true;
      store.apply(load({ files: [edge2] }));
    });
    const { given } = follow(store, node('edge-2'));
    store.apply(load({ files: [edge] }));
    expect(given.map(({ version }) => version)).to.deep.equal([store.groups()[0]?.version]);
  });

  it('counts a node once, however many streams it has, until the last one leaves', () => {
    const store = new Observed().store();
    store.apply(load({ files: [edge] }));
    const first = follow(store, node('edge-1', 'c', { a: 1, b: 2 }));
    const second = follow(store, node('edge-1', 'c', { b: 2, a: 1 }));
    expect(store.groups()[0]?.nodes).to.equal(1);
    first.stream[Symbol.dispose]();
    expect(store.groups()[0]?.nodes).to.equal(1);
    second.stream[Symbol.dispose]();
    expect(store.groups()[0]?.nodes).to.equal(0);
  });

  it('never takes away the snapshot of a node that no file matches any more, and reports it', () => {
    const store = new Observed().store();
    store.apply(load({ files: [edge, core] }));
    const { given } = follow(store, node('edge-1'));
    store.apply(load({ files: [core] }));
    expect(given).to.have.length(1);
    const version = given[0]?.version;
    expect(store.nodesWithout()).to.deep.equal([
      { node: node('edge-1'), reason: 'orphaned', files: [], version },
    ]);
    expect(store.groups().map(({ key, state }) => [key, state])).to.deep.equal([
      ['core.yaml', 'current'],
      ['edge.yaml', 'orphaned'],
    ]);
    const again = follow(store, node('edge-1'));
    expect(again.given).to.have.length(1);
    store.apply(load({ files: [core, edge2] }));
    expect(given).to.have.length(2);
    expect(store.nodesWithout()).to.be.empty;
  });

  it('shows a group that is held back, and since when its version is served', () => {
    const observed = new Observed();
    const store = observed.store();
    store.apply(load({ files: [edge, core] }));
    const sinceMs = observed.clock.nowMs();
    observed.clock.advance(5000);
    follow(store, node('edge-1'));
    store.apply(load({ files: [{ ...edge2, broken: true }, core] }));
    expect(store.groups()[1]).to.deep.include({ key: 'edge.yaml', state: 'held', nodes: 1, sinceMs });
    expect(store.groups()[0]).to.deep.include({ key: 'core.yaml', state: 'current', nodes: 0, sinceMs });
    store.apply(load({ files: [edge2, core] }));
    expect(store.groups()[1]).to.deep.include({ state: 'current', sinceMs: observed.clock.nowMs() });
  });

  it('reports a node whose group only it reveals and which has errors', () => {
    const observed = new Observed();
    const store = observed.store();
    const other: FileParts = { path: 'other.yaml', ids: ['*-z'], resources: [] };
    const groupError = (files: readonly string[]): string | undefined =>
      files.length > 1 ? 'conflict' : undefined;
    store.apply(load({ files: [edge, other], groupError }));
    follow(store, node('edge-z'));
    expect(observed.held.map(group => group.key)).to.deep.equal(['edge.yaml,other.yaml']);
    expect(store.nodesWithout()).to.deep.equal([
      { node: node('edge-z'), reason: 'held', files: ['edge.yaml', 'other.yaml'], version: undefined },
    ]);
  });

  it('finds a resource of a group with the place where it was written last', () => {
    const store = new Observed().store();
    store.apply(load({ files: [edge] }));
    expect(store.lookup('edge.yaml', CLUSTER, 'edge')).to.have.property('name', 'edge');
    expect(store.lookup('edge.yaml', CLUSTER, 'missing')).to.equal(undefined);
    expect(store.lookup('missing.yaml', CLUSTER, 'edge')).to.equal(undefined);
    const moved = { ...cluster('edge'), origin: { file: 'edge.yaml', line: 7, column: 3, path: [] } };
    store.apply(load({ files: [{ ...edge, resources: [moved] }] }));
    expect(store.lookup('edge.yaml', CLUSTER, 'edge')?.origin.line).to.equal(7);
  });

  it('leaves everything as it is when the compiler throws', () => {
    const store = new Observed().store();
    store.apply(load({ files: [edge] }));
    const { given } = follow(store, node('edge-1'));
    const defect = (): string => {
      throw new Error('defect');
    };
    expect(() => store.apply(load({ files: [edge2], groupError: defect }))).to.throw('defect');
    expect(store.groups()[0]?.version).to.equal(given[0]?.version);
  });

  it('saves each state that a load or a new group makes, and none for a refused load', () => {
    const observed = new Observed();
    const store = observed.store();
    store.apply(load({ files: [edge] }));
    expect(observed.saved).to.have.length(1);
    store.apply(load({ files: [] }));
    expect(observed.saved).to.have.length(1);
    follow(store, node('edge-1'));
    follow(store, node('edge-2'));
    expect(observed.saved).to.have.length(2);
  });

  describe('with the shrink guard', () => {
    const many: FileParts = { ...edge, resources: clusters(40) };
    const few = load({ files: [{ ...edge, resources: clusters(3) }], treeHash: 'few' });

    it('refuses a load as a whole until it is confirmed, once', async () => {
      const observed = new Observed();
      const store = observed.store();
      store.apply(load({ files: [many] }));
      const { given } = follow(store, node('edge-1'));
      expect(store.apply(few).result).to.equal('guarded');
      expect(store.guarded()).to.deep.include({ treeHash: 'few' });
      expect(await store.recheck()).to.equal(undefined);
      observed.confirmed = 'another';
      expect(await store.recheck()).to.equal(undefined);
      expect(given).to.have.length(1);
      observed.confirmed = 'few';
      expect((await store.recheck())?.result).to.equal('ok');
      expect(given).to.have.length(2);
      expect(store.guarded()).to.equal(undefined);
      store.apply(load({ files: [many] }));
      expect(store.apply(few).result).to.equal('guarded');
      expect(await store.recheck()).to.equal(undefined);
    });

    it('forgets a refused load when a better one comes', async () => {
      const observed = new Observed();
      const store = observed.store();
      store.apply(load({ files: [many] }));
      store.apply(few);
      store.apply(load({ files: [many] }));
      observed.confirmed = 'few';
      expect(await store.recheck()).to.equal(undefined);
      expect(store.groups()[0]?.resourceCounts.get(CLUSTER)).to.equal(40);
    });

    it('does not take a load that was replaced while the confirmation was read', async () => {
      const observed = new Observed();
      const { promise, resolve } = Promise.withResolvers<string>();
      const store = observed.store({
        confirmation: { read: () => promise, clear: () => Promise.resolve() },
      });
      store.apply(load({ files: [many] }));
      store.apply(few);
      const rechecked = store.recheck();
      store.apply(load({ files: [many] }));
      resolve('few');
      expect(await rechecked).to.equal(undefined);
      expect(store.groups()[0]?.resourceCounts.get(CLUSTER)).to.equal(40);
    });

    it('can be switched off', () => {
      const store = new Observed().store({}, { shrinkGuard: false });
      store.apply(load({ files: [many] }));
      expect(store.apply(few).result).to.equal('ok');
      expect(store.apply(load({ files: [] })).result).to.equal('ok');
    });
  });

  it('keeps 5,000 joined nodes cheap per load', () => {
    const store = new Observed().store();
    const files = Array.from({ length: 50 }, (_, index) => ({
      ...edge,
      path: `e${index}.yaml`,
      ids: [`e${index}-*`],
    }));
    store.apply(load({ files }));
    for (let index = 0; index < 5000; index++) follow(store, node(`e${index % 50}-${index}`, '', { index }));
    const startMs = performance.now();
    const rounds = 10;
    for (let round = 0; round < rounds; round++) store.apply(load({ files }));
    expect((performance.now() - startMs) / rounds).to.be.below(200);
  });
});
