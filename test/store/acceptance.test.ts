import { expect } from 'chai';
import { formatDiagnostic } from '../../src/resources/diagnostic.ts';
import type { NodeIdentity } from '../../src/resources/node.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import { CLUSTER } from '../../src/resources/type-url.ts';
import { acceptLoad, acceptNode } from '../../src/store/acceptance.ts';
import type { LoadOutcome } from '../../src/store/load-outcome.ts';
import { EMPTY_STATE, placeNode, type StoreState } from '../../src/store/store-state.ts';
import { cluster, clusters, contentOf, load, node, type FileParts, type LoadParts } from './support/loads.ts';

/** Applies loads one after the other; no node is connected. */
function after(...loads: readonly LoadParts[]): { state: StoreState; outcome: LoadOutcome } {
  let state = EMPTY_STATE;
  let outcome: LoadOutcome | undefined;
  loads.forEach((parts, index) => {
    const nodes: readonly NodeIdentity[] = [];
    const step = acceptLoad(state, load(parts), { nowMs: index + 1, nodes, shrinkGuard: true });
    ({ state, outcome } = step);
  });
  if (outcome === undefined) throw new Error('no load was given');
  return { state, outcome };
}

function served(state: StoreState, id: string): Snapshot | undefined {
  const placement = placeNode(state, node(id));
  return placement.kind === 'served' ? placement.group.snapshot : undefined;
}

function names(state: StoreState, id: string): readonly string[] | undefined {
  return contentOf(served(state, id))?.map(entry => entry.replace(/@.*/, ''));
}

const edge: FileParts = { path: 'edge.yaml', ids: ['edge-*'], resources: [cluster('edge')] };
const core: FileParts = { path: 'core.yaml', ids: ['core-*'], resources: [cluster('core')] };
const common: FileParts = { path: 'common.yaml', resources: [cluster('common')] };

describe('acceptLoad', () => {
  it('publishes the groups that the files describe before any node connects', () => {
    const { state, outcome } = after({ files: [edge, core, common] });
    expect(outcome).to.include({ result: 'ok', shrink: undefined });
    expect(outcome.changedGroups).to.deep.equal([
      'common.yaml',
      'common.yaml,core.yaml',
      'common.yaml,edge.yaml',
    ]);
    expect(outcome.changes.get(CLUSTER)).to.deep.equal({ add: 3, update: 0, remove: 0 });
    expect(names(state, 'edge-7')).to.deep.equal(['common', 'edge']);
    expect(names(state, 'core-1')).to.deep.equal(['common', 'core']);
    expect(names(state, 'other')).to.deep.equal(['common']);
  });

  it('compiles each group once', () => {
    const compiled: string[] = [];
    after({ files: [edge, core, common], compiled: files => compiled.push(files.join('+')) });
    expect(compiled.sort()).to.deep.equal(['common.yaml', 'common.yaml+core.yaml', 'common.yaml+edge.yaml']);
  });

  it('changes nothing when an equal load comes', () => {
    const first = after({ files: [edge, common] });
    const again = after({ files: [edge, common] }, { files: [edge, common] });
    expect(again.outcome).to.include({ result: 'unchanged' });
    expect(again.outcome.changedGroups).to.be.empty;
    expect(again.outcome.changes).to.be.empty;
    expect(served(again.state, 'edge-1')?.version).to.equal(served(first.state, 'edge-1')?.version);
    const placement = placeNode(again.state, node('edge-1'));
    expect(placement.kind === 'served' && placement.group.sinceMs).to.equal(1);
  });

  it('keeps the objects of what did not change', () => {
    const before = after({ files: [edge, core] });
    const edited = { ...core, resources: [cluster('core', '2')] };
    const next = acceptLoad(before.state, load({ files: [edge, edited] }), {
      nowMs: 9,
      nodes: [],
      shrinkGuard: true,
    });
    expect(served(next.state, 'edge-1')).to.equal(served(before.state, 'edge-1'));
    expect(served(next.state, 'core-1')).not.to.equal(served(before.state, 'core-1'));
    expect(next.outcome.changedGroups).to.deep.equal(['core.yaml']);
    expect(next.outcome.changes.get(CLUSTER)).to.deep.equal({ add: 0, update: 1, remove: 0 });
  });

  it('holds back the groups of a broken file and lets the others go on', () => {
    const { state, outcome } = after(
      { files: [edge, core] },
      {
        files: [
          { ...edge, broken: true },
          { ...core, resources: [cluster('core2')] },
        ],
      },
    );
    expect(outcome.result).to.equal('invalid');
    expect(outcome.heldGroups.map(group => group.key)).to.deep.equal(['edge.yaml']);
    expect(outcome.diagnostics.map(formatDiagnostic)).to.deep.equal([
      'edge.yaml:1:1 error is broken [AP1101]',
    ]);
    expect(names(state, 'edge-1')).to.deep.equal(['edge']);
    expect(names(state, 'core-1')).to.deep.equal(['core2']);
  });

  it('holds back a group whose files do not fit together', () => {
    const groupError = (files: readonly string[]): string | undefined =>
      files.includes('edge.yaml') ? 'dangling' : undefined;
    const { state, outcome } = after({ files: [edge, common] }, { files: [edge, common], groupError });
    expect(outcome.heldGroups.map(group => group.key)).to.deep.equal(['common.yaml,edge.yaml']);
    expect(names(state, 'edge-1')).to.deep.equal(['common', 'edge']);
  });

  it('reports what else is wrong with a group beside a broken file, each error once', () => {
    const files = [{ ...edge, broken: true }, common];
    const groupError = (group: readonly string[]): string | undefined =>
      group.length > 1 ? 'a duplicate' : undefined;
    expect(after({ files, groupError }).outcome.diagnostics.map(formatDiagnostic)).to.deep.equal([
      'common.yaml:1:1 error a duplicate [AP1101]',
      'edge.yaml:1:1 error is broken [AP1101]',
    ]);
  });

  it('does not judge a group without a file that could not be taken', () => {
    const { outcome } = after(
      { files: [edge, common] },
      {
        files: [common],
        refused: ['edge.yaml'],
        groupError: group => (group.includes('edge.yaml') ? 'must not be compiled' : undefined),
      },
    );
    expect(outcome.diagnostics.map(formatDiagnostic)).to.deep.equal([
      'edge.yaml:1:1 error cannot be taken [AP1101]',
    ]);
  });

  it('uses the last accepted matcher of a file that cannot be read', () => {
    const unreadable: FileParts = { path: 'edge.yaml', ids: null, broken: true };
    const { state, outcome } = after(
      { files: [edge, core] },
      { files: [unreadable, { ...core, resources: [cluster('core2')] }] },
    );
    expect(outcome.heldGroups.map(group => group.key)).to.deep.equal(['edge.yaml']);
    expect(names(state, 'edge-1')).to.deep.equal(['edge']);
    expect(names(state, 'core-1')).to.deep.equal(['core2']);
  });

  it('holds back all groups when a new file cannot be read', () => {
    for (const bad of [
      { files: [{ path: 'new.yaml', ids: null, broken: true }] },
      { refused: ['new.yaml'] },
    ]) {
      const { state, outcome } = after(
        { files: [edge, core] },
        { ...bad, files: [{ ...edge, resources: [cluster('edge2')] }, core, ...(bad.files ?? [])] },
      );
      expect(outcome.result).to.equal('invalid');
      expect(outcome.heldGroups.map(group => group.key)).to.deep.equal(['core.yaml', 'edge.yaml']);
      expect(outcome.diagnostics.map(diagnostic => diagnostic.code)).to.include('AP1703');
      expect(names(state, 'edge-1')).to.deep.equal(['edge']);
    }
  });

  it('moves nobody by a broken file that names other nodes than before', () => {
    const { state, outcome } = after(
      { files: [edge, core] },
      { files: [{ ...edge, ids: ['core-*'], broken: true }, core] },
    );
    expect(outcome.heldGroups.map(group => group.key)).to.deep.equal(['core.yaml,edge.yaml', 'edge.yaml']);
    expect(names(state, 'edge-1')).to.deep.equal(['edge']);
    expect(names(state, 'core-1')).to.deep.equal(['core']);
  });

  it('moves nodes to a new group only when that compiles, new nodes included', () => {
    const renamed = { ...edge, path: 'front.yaml' };
    const broken = after({ files: [edge, common] }, { files: [{ ...renamed, broken: true }, common] });
    expect(names(broken.state, 'edge-1')).to.deep.equal(['common', 'edge']);
    expect(served(broken.state, 'edge-never-seen')?.nodeGroup).to.equal('common.yaml,edge.yaml');
    const good = after(
      { files: [edge, common] },
      { files: [{ ...renamed, broken: true }, common] },
      { files: [renamed, common] },
    );
    expect(served(good.state, 'edge-1')?.nodeGroup).to.equal('common.yaml,front.yaml');
    expect(good.state.views).to.have.length(1);
  });

  it('serves one key in two versions while part of its nodes is held back', () => {
    const both: FileParts = { path: 'a.yaml', ids: ['edge-*', 'core-*'], resources: [cluster('a')] };
    const narrowed = { ...both, ids: ['edge-*'], resources: [cluster('a', '2')] };
    const { state } = after(
      { files: [both, common] },
      { files: [narrowed, common], groupError: files => (files.length === 1 ? 'needs a.yaml' : undefined) },
    );
    expect(served(state, 'edge-1')?.nodeGroup).to.equal('a.yaml,common.yaml');
    expect(served(state, 'core-1')?.nodeGroup).to.equal('a.yaml,common.yaml');
    expect(served(state, 'edge-1')?.version).not.to.equal(served(state, 'core-1')?.version);
  });

  it('never publishes what a file with an error belongs to, not even without that file', () => {
    const strict: FileParts = { path: 'strict.yaml', ids: ['edge-1'], broken: true };
    const { state } = after({ files: [edge, strict] });
    expect(served(state, 'edge-2')).not.to.equal(undefined);
    expect(placeNode(state, node('edge-1'))).to.include({ kind: 'held' });
  });

  it('does not give a new node what an accepted load took away', () => {
    const { state, outcome } = after({ files: [edge, core] }, { files: [core] });
    expect(outcome.result).to.equal('ok');
    expect(outcome.changes.get(CLUSTER)).to.deep.equal({ add: 0, update: 0, remove: 1 });
    expect(placeNode(state, node('edge-1')).kind).to.equal('unmatched');
    expect(state.accepted.has('edge.yaml')).to.equal(false);
  });

  it('does not bring back what was taken away when the next load has an error', () => {
    const { state } = after(
      { files: [edge, core] },
      { files: [core] },
      { files: [core, { ...edge, broken: true }] },
    );
    expect(placeNode(state, node('edge-1')).kind).to.equal('held');
  });

  it('compares with the counts of files that were really published', () => {
    const large: FileParts = { path: 'edge.yaml', ids: ['edge-*'], resources: clusters(40) };
    const smaller = { ...large, resources: clusters(30) };
    const { outcome } = after(
      { files: [large] },
      { files: [smaller], groupError: () => 'held' },
      { files: [{ ...large, resources: clusters(25) }] },
    );
    expect(outcome.shrink).to.deep.equal({
      kind: 'types',
      types: [{ typeUrl: CLUSTER, before: 40, after: 25 }],
    });
  });

  it('accepts a good file that no node can get, so that a later error in it holds nobody back', () => {
    const nobody = { ids: [], clusters: [], metadata: { region: [] } };
    const first = load({ files: [edge, { path: 'nobody.yaml' }] });
    const context = { nowMs: 1, nodes: [], shrinkGuard: true };
    const files = first.files.map(file =>
      file.path === 'nobody.yaml' ? { ...file, matcher: nobody } : file,
    );
    const { state } = acceptLoad(EMPTY_STATE, { ...first, files }, context);
    const unreadable: FileParts = { path: 'nobody.yaml', ids: null, broken: true };
    const next = acceptLoad(
      state,
      load({ files: [{ ...edge, resources: [cluster('edge2')] }, unreadable] }),
      context,
    );
    expect(next.outcome.heldGroups).to.be.empty;
    expect(next.outcome.result).to.equal('invalid');
    expect(names(next.state, 'edge-1')).to.deep.equal(['edge2']);
  });

  it('refuses an emptied directory as a whole, and says how to confirm it', () => {
    const { state, outcome } = after({ files: [edge, core] }, { files: [], treeHash: 'abc' });
    expect(outcome.result).to.equal('guarded');
    expect(outcome.diagnostics[0]?.hint).to.contain('authplane confirm abc');
    expect(names(state, 'edge-1')).to.deep.equal(['edge']);
  });

  it('takes an empty directory when nothing was there before, with a warning', () => {
    const { outcome } = after({ files: [] });
    expect(outcome.result).to.equal('unchanged');
    expect(outcome.diagnostics.map(formatDiagnostic)).to.deep.equal([
      '.:1:1 warning there is no snapshot file [AP1702]',
    ]);
  });

  it('passes on what the compiler throws', () => {
    const files = [edge];
    const defect = (): string => {
      throw new Error('defect');
    };
    expect(() => after({ files, groupError: defect })).to.throw('defect');
  });
});

describe('acceptNode', () => {
  const byCluster = (path: string): FileParts => ({ path, ids: ['a*'], resources: [cluster(path)] });

  it('compiles a group that only a connecting node reveals, and remembers the node', () => {
    const files = [byCluster('a.yaml'), { path: 'b.yaml', ids: ['*z'], resources: [cluster('b')] }];
    const compiled: string[] = [];
    const base = after({ files, compiled: group => compiled.push(group.join('+')) });
    expect(compiled.sort()).to.deep.equal(['a.yaml', 'b.yaml']);
    const joined = acceptNode(base.state, node('a-z'), 5);
    expect(joined.evaluated?.kind).to.equal('published');
    expect(names(joined.state, 'a-to-z')).to.deep.equal(['a.yaml', 'b']);
    const next = acceptLoad(joined.state, load({ files }), { nowMs: 6, nodes: [], shrinkGuard: true });
    expect(next.outcome.result).to.equal('unchanged');
    expect(names(next.state, 'another-z')).to.deep.equal(['a.yaml', 'b']);
  });

  it('says when the group it reveals has errors', () => {
    const files = [byCluster('a.yaml'), { path: 'b.yaml', ids: ['*z'], resources: [] }];
    const base = after({ files, groupError: group => (group.length > 1 ? 'conflict' : undefined) });
    expect(base.outcome.result).to.equal('ok');
    const joined = acceptNode(base.state, node('a-z'), 5);
    expect(joined.evaluated?.kind).to.equal('held');
    expect(joined.placement).to.deep.include({ kind: 'held', files: ['a.yaml', 'b.yaml'] });
  });

  it('leaves the state as it is for a node that nothing matches', () => {
    const base = after({ files: [edge] });
    expect(acceptNode(base.state, node('core-1'), 5).state).to.equal(base.state);
  });
});
