import { expect } from 'chai';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import { makeSnapshot, type Snapshot } from '../../src/resources/snapshot.ts';
import { CLUSTER, SECRET } from '../../src/resources/type-url.ts';
import { ServedVersions } from '../../src/transport/served-versions.ts';
import { resource, snapshot } from '../support/resources.ts';

describe('ServedVersions', () => {
  it('tells what of a group has had another content before, gone things included', () => {
    const served = new ServedVersions();
    const first = snapshot([resource(CLUSTER, 'a'), resource(CLUSTER, 'b'), resource(SECRET, 's')]);
    expect(served.take([first])).to.deep.equal(new Map());
    const second = snapshot([resource(CLUSTER, 'a', '2'), resource(CLUSTER, 'c'), resource(SECRET, 's')]);
    const names = new Set(['a', 'b', 'c']);
    expect(served.take([second])).to.deep.equal(new Map([[CLUSTER, names]]));
    expect(served.take([first]).get(CLUSTER)).to.deep.equal(names);
  });

  it('gives the same object until something changes', () => {
    const served = new ServedVersions();
    const [first, equal] = [snapshot([resource(CLUSTER, 'a')]), snapshot([resource(CLUSTER, 'a')])];
    served.take([first]);
    const changed = served.take([snapshot([resource(CLUSTER, 'a', '2')]), first]);
    expect(served.take([first])).to.equal(changed);
    expect(served.take([equal])).to.deep.equal(changed);
  });

  it('counts each stage on the way to a snapshot', () => {
    const served = new ServedVersions();
    const [first, last] = [snapshot([resource(CLUSTER, 'a')]), snapshot([resource(CLUSTER, 'a', '3')])];
    served.take([first]);
    served.take([snapshot([resource(CLUSTER, 'a', '2'), resource(CLUSTER, 'b')]), last]);
    expect(served.take([last]).get(CLUSTER)).to.deep.equal(new Set(['a', 'b']));
  });

  it('remembers ten thousand names of a type at most, the newest', () => {
    const served = new ServedVersions();
    const many = (from: number, count: number) =>
      snapshot(Array.from({ length: count }, (_, index) => resource(CLUSTER, `c${from + index}`)));
    served.take([many(0, 1)]);
    served.take([many(1, 9_000)]);
    const changed = served.take([many(10_000, 9_000)]).get(CLUSTER);
    expect(changed?.size).to.equal(10_000);
    expect(changed?.has('c18999')).to.equal(true);
    expect(changed?.has('c0')).to.equal(false);
  });

  it('counts what proxies had in a group of other files that is gone, or that they came from', () => {
    const group = (files: readonly string[], content: string): Snapshot =>
      makeSnapshot(files, new Map([[CLUSTER, ResourceSet.of([resource(CLUSTER, 'a', content)])]]));
    const [base, added] = [group(['a.yaml'], '1'), group(['a.yaml', 'b.yaml'], '2')];
    const served = new ServedVersions();
    served.takeLoad([base]);
    served.takeLoad([added]);
    expect(served.take([added]).get(CLUSTER)).to.deep.equal(new Set(['a']));
    // The file that made the change is taken away again.
    served.takeLoad([base]);
    expect(served.take([base]).get(CLUSTER)).to.deep.equal(new Set(['a']));
  });

  it('keeps groups apart that are there together', () => {
    const group = (file: string, content: string): Snapshot =>
      makeSnapshot(
        ['common.yaml', file],
        new Map([[CLUSTER, ResourceSet.of([resource(CLUSTER, 'a', content)])]]),
      );
    const [eu, us] = [group('eu.yaml', '1'), group('us.yaml', '2')];
    const served = new ServedVersions();
    served.takeLoad([eu, us]);
    served.takeLoad([eu, us]);
    expect(served.take([eu])).to.deep.equal(new Map());
    expect(served.take([us])).to.deep.equal(new Map());
  });

  it('stays the same while streams of a group take turns with forms of its snapshot', () => {
    const served = new ServedVersions();
    const forms = [snapshot([resource(CLUSTER, 'a')]), snapshot([resource(CLUSTER, 'a', 'inline')])];
    served.take(forms);
    const changed = served.take(forms);
    expect(changed.get(CLUSTER)).to.deep.equal(new Set(['a']));
    expect(served.take(forms)).to.equal(changed);
    const next = served.take([snapshot([resource(CLUSTER, 'a', '2'), resource(CLUSTER, 'b')])]);
    expect(next.get(CLUSTER)).to.deep.equal(new Set(['a', 'b']));
  });
});
