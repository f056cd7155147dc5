import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { SnapshotPipeline, type LoadSink } from '../../src/pipeline/snapshot-pipeline.ts';
import type { SourceFile, SourceTree } from '../../src/resources/source-tree.ts';
import type { LoadOutcome } from '../../src/store/load-outcome.ts';
import { ResourceStore } from '../../src/store/resource-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { NO_KEY_SETS } from '../support/no-key-sets.ts';
import { testSchema } from '../support/schema.ts';
import { clusterFile } from '../support/snapshot-files.ts';
import { waitFor } from '../support/wait-for.ts';

function tree(texts: Readonly<Record<string, string>>): SourceTree {
  const files = Object.entries(texts).map(([path, text]): SourceFile => ({ path, text, hash: hashOf(text) }));
  return { hash: hashOf(JSON.stringify(texts)), files, refused: [], assets: new Map() };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A pipeline into a real store. */
function harness(sink?: LoadSink) {
  const clock = new FakeClock();
  const outcomes: LoadOutcome[] = [];
  const failures: unknown[] = [];
  let confirmed: string | undefined;
  const observer = { callbackFailed: () => undefined, groupHeld: () => undefined };
  const confirmation = {
    read: () => Promise.resolve(confirmed),
    clear: () => Promise.resolve((confirmed = undefined)),
  };
  const store = new ResourceStore({ clock, observer, confirmation });
  const pipeline = new SnapshotPipeline(
    {
      schema: testSchema(),
      store: sink ?? store,
      keySets: NO_KEY_SETS,
      clock,
      observer: {
        checked: () => undefined,
        applied: ({ outcome }) => outcomes.push(outcome),
        failed: thrown => failures.push(thrown),
      },
    },
    { snapshotDirectory: '/snapshots' },
  );
  const take = async (texts: Readonly<Record<string, string>>): Promise<LoadOutcome | undefined> => {
    pipeline.take(tree(texts));
    await pipeline.settled();
    return outcomes.at(-1);
  };
  const confirm = (hash: string): void => void (confirmed = hash);
  return { clock, store, pipeline, outcomes, failures, take, confirm };
}

const good = { 'a.yaml': clusterFile('a') };
const broken = { 'a.yaml': 'clusters: [{name: a, bogus: 1}]' };

describe('SnapshotPipeline', () => {
  it('takes trees to the store in order', async () => {
    const { pipeline, outcomes, store } = harness();
    pipeline.take(tree(good));
    pipeline.take(tree({ ...good, 'b.yaml': clusterFile('b') }));
    await pipeline.settled();
    expect(outcomes.map(outcome => outcome.result)).to.deep.equal(['ok', 'ok']);
    expect(store.groups().map(group => group.files)).to.deep.equal([['a.yaml', 'b.yaml']]);
  });

  it('names the files that snapshot files name', async () => {
    const { pipeline } = harness();
    const text = 'certificates:\n- {name: tls, certificate_chain: ../certs/a.pem, private_key: a.key}\n';
    expect(await pipeline.assetPathsOf(tree({ 'edge/a.yaml': text }).files)).to.have.members([
      '/snapshots/certs/a.pem',
      '/snapshots/edge/a.key',
    ]);
  });

  it('finds a tree broken by errors that were not reported yet, and only by these', async () => {
    const { pipeline, take } = harness();
    expect(await pipeline.inspect(tree(good))).to.equal('clean');
    expect(await pipeline.inspect(tree(broken))).to.equal('broken');
    const outcome = await take(broken);
    expect(outcome?.result).to.equal('invalid');
    expect(await pipeline.inspect(tree({ 'a.yaml': `\n${broken['a.yaml']}` }))).to.equal('clean');
    expect(await pipeline.inspect(tree({ ...broken, 'b.yaml': 'x: [' }))).to.equal('broken');
  });

  it('finds errors between files, such as one name in two of them', async () => {
    const { pipeline } = harness();
    const texts = { 'a.yaml': clusterFile('a'), 'b.yaml': clusterFile('a') };
    expect(await pipeline.inspect(tree(texts))).to.equal('broken');
  });

  it('takes a guarded load once it is confirmed', async () => {
    const { clock, store, outcomes, take, confirm } = harness();
    await take(good);
    const guarded = await take({});
    expect(guarded?.result).to.equal('guarded');
    clock.advance(1000);
    await waitFor('the next look', () => clock.pending === 1);
    expect(outcomes).to.have.length(2);
    confirm(store.guarded()?.treeHash ?? '');
    await waitFor('the confirmed load', () => {
      clock.advance(1000);
      return outcomes.length === 3;
    });
    expect(outcomes[2]?.result).to.equal('ok');
    expect(store.guarded()).to.equal(undefined);
    expect(clock.pending).to.equal(0);
  });

  it('reports a defect and goes on with the next tree', async () => {
    const sink: LoadSink = {
      apply: () => {
        throw new Error('defect');
      },
      recheck: () => Promise.resolve(undefined),
    };
    const { pipeline, failures, take } = harness(sink);
    await take(good);
    await take({ ...good, 'b.yaml': clusterFile('b') });
    expect(failures).to.have.length(2);
    await pipeline.stop();
    await take(good);
    expect(failures).to.have.length(2);
  });
});
