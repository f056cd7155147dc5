import { expect } from 'chai';
import { MATCH_ALL } from '../../src/resources/node.ts';
import { CLUSTER, LISTENER } from '../../src/resources/type-url.ts';
import { shrinkOf } from '../../src/store/shrink-guard.ts';
import type { AcceptedFile } from '../../src/store/store-state.ts';
import { clusters, load } from './support/loads.ts';

function accepted(path: string, count: number, listeners = 0): AcceptedFile {
  const resourceCounts = new Map([
    [CLUSTER, count],
    [LISTENER, listeners],
  ]);
  return { path, hash: '', matcher: MATCH_ALL, resourceCounts };
}

function table(...files: readonly AcceptedFile[]): ReadonlyMap<string, AcceptedFile> {
  return new Map(files.map(file => [file.path, file]));
}

function after(count: number) {
  return load({ files: [{ path: 'a.yaml', resources: clusters(count) }] });
}

describe('shrinkOf', () => {
  for (const { before, left, refused } of [
    { before: 100, left: 69, refused: true },
    { before: 100, left: 70, refused: false },
    { before: 11, left: 0, refused: true },
    { before: 10, left: 0, refused: false },
    { before: 20, left: 10, refused: false },
    { before: 20, left: 9, refused: true },
    { before: 1000, left: 989, refused: false },
    { before: 50, left: 60, refused: false },
  ]) {
    it(`${refused ? 'refuses' : 'lets pass'} ${before} resources of a type becoming ${left}`, () => {
      const shrink = shrinkOf(table(accepted('a.yaml', before)), after(left));
      const expected = { kind: 'types', types: [{ typeUrl: CLUSTER, before, after: left }] };
      expect(shrink).to.deep.equal(refused ? expected : undefined);
    });
  }

  it('adds up each type over all files', () => {
    const before = table(accepted('a.yaml', 12), accepted('b.yaml', 8));
    const moved = load({
      files: [
        { path: 'a.yaml', resources: clusters(2) },
        { path: 'c.yaml', resources: clusters(18, 'd') },
      ],
    });
    expect(shrinkOf(before, moved)).to.equal(undefined);
    expect(shrinkOf(before, after(9))).to.have.property('kind', 'types');
  });

  it('refuses a type that shrinks although another grows', () => {
    expect(shrinkOf(table(accepted('a.yaml', 0, 20)), after(50))).to.deep.equal({
      kind: 'types',
      types: [{ typeUrl: LISTENER, before: 20, after: 0 }],
    });
  });

  it('counts a broken or refused file as it was', () => {
    const before = table(accepted('a.yaml', 30), accepted('b.yaml', 30));
    const broken = load({ files: [{ path: 'a.yaml', ids: null, broken: true }], refused: ['b.yaml'] });
    expect(shrinkOf(before, broken)).to.equal(undefined);
    const oneGone = load({ files: [{ path: 'a.yaml', ids: null, broken: true }] });
    expect(shrinkOf(before, oneGone)).to.have.property('kind', 'types');
  });

  it('refuses a load without any file, however few there were', () => {
    const empty = load({ files: [] });
    expect(shrinkOf(table(accepted('a.yaml', 1)), empty)).to.deep.equal({ kind: 'empty', filesBefore: 1 });
    expect(shrinkOf(table(accepted('a.yaml', 1)), load({ files: [], refused: ['a.yaml'] }))).to.equal(
      undefined,
    );
  });

  it('has nothing to compare with before the first load', () => {
    expect(shrinkOf(table(), load({ files: [] }))).to.equal(undefined);
  });
});
