import { expect } from 'chai';
import { findSuspects } from '../../src/fleet/find-suspects.ts';
import { makeResource } from '../../src/resources/frame.ts';
import { LISTENER } from '../../src/resources/type-url.ts';

function listeners(...names: string[]) {
  return names.map((name, index) =>
    makeResource({
      typeUrl: LISTENER,
      name,
      body: Buffer.from(name),
      origin: { file: 'edge.yaml', line: 10 + index, column: 3, path: ['listeners', index] },
    }),
  );
}

const CASES: { title: string; message: string; resources: string[]; found: string[] }[] = [
  {
    title: 'finds the one behind "listener(s)"',
    message: "Error adding/updating listener(s) x: route: unknown cluster 'y'\n",
    resources: ['y', 'x', 'z'],
    found: ['x'],
  },
  {
    title: 'finds several',
    message: 'Error adding/updating listener(s) a: bad\nb: worse\n',
    resources: ['a', 'b', 'c'],
    found: ['a', 'b'],
  },
  {
    title: 'does not take a longer name for a shorter one',
    message: 'Error adding/updating cluster(s) edge-api: bad',
    resources: ['edge', 'api', 'edge-api', 'edge-api-2'],
    found: ['edge-api'],
  },
  {
    title: 'finds a quoted name',
    message: "Proto constraint validation failed in 'main'",
    resources: ['main', 'other'],
    found: ['main'],
  },
  {
    title: 'finds a plain name',
    message: 'cannot use main here',
    resources: ['main', 'other'],
    found: ['main'],
  },
  {
    title: 'does not take an English word of two letters for a name',
    message: 'missing ]: it is a class',
    resources: ['is', 'a'],
    found: ['is', 'a'],
  },
  {
    title: 'suspects all when none is named',
    message: 'missing ]: [a-',
    resources: ['main', 'other'],
    found: ['main', 'other'],
  },
];

describe('findSuspects', () => {
  for (const { title, message, resources, found } of CASES) {
    it(title, () => {
      expect(findSuspects(message, listeners(...resources)).map(suspect => suspect.name)).to.deep.equal(
        found,
      );
    });
  }

  it('tells where the resource was written', () => {
    expect(findSuspects("'b'", listeners('a', 'b'))).to.deep.equal([
      { name: 'b', file: 'edge.yaml', line: 11, column: 3 },
    ]);
  });

  it('lists at most 20', () => {
    const names = Array.from({ length: 100 }, (_, index) => `listener-${index}`);
    expect(findSuspects('something else', listeners(...names))).to.have.length(20);
  });
});
