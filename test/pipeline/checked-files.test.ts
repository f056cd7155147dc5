import { expect } from 'chai';
import { CheckedFiles } from '../../src/pipeline/checked-files.ts';
import type { CheckedFile } from '../../src/compiler/checked-file.ts';
import type { SourceFile } from '../../src/resources/source-tree.ts';

function file(path: string, hash: string): SourceFile {
  return { path, hash, text: '' };
}

function counting(): {
  readonly files: CheckedFiles;
  readonly checked: string[];
  readonly yields: () => number;
} {
  const checked: string[] = [];
  let nowMs = 0;
  let yields = 0;
  const files = new CheckedFiles({
    check: ({ path, hash }) => {
      checked.push(`${path}@${hash}`);
      nowMs += 6;
      return { path, hash } as CheckedFile;
    },
    yieldTurn: () => {
      yields++;
      return Promise.resolve();
    },
    nowMs: () => nowMs,
  });
  return { files, checked, yields: () => yields };
}

describe('CheckedFiles', () => {
  it('checks a file again only when its content or its path changes', async () => {
    const { files, checked } = counting();
    const first = await files.check([file('a', '1'), file('b', '1')]);
    const second = await files.check([file('a', '2'), file('b', '1'), file('c', '1')]);
    expect(checked).to.deep.equal(['a@1', 'b@1', 'a@2', 'c@1']);
    expect(second[1]).to.equal(first[1]);
    expect(second.map(({ path, hash }) => path + hash)).to.deep.equal(['a2', 'b1', 'c1']);
  });

  it('remembers the call before the last, as for a file that is restored, and no more', async () => {
    const { files, checked } = counting();
    await files.check([file('a', '1')]);
    await files.check([file('a', '2')]);
    await files.check([file('a', '1')]);
    expect(checked).to.deep.equal(['a@1', 'a@2']);
    await files.check([]);
    await files.check([]);
    await files.check([file('a', '1')]);
    expect(checked).to.deep.equal(['a@1', 'a@2', 'a@1']);
  });

  it('lets the event loop run while it checks many files', async () => {
    const { files, yields } = counting();
    await files.check(Array.from({ length: 10 }, (_, index) => file(`f${index}`, '1')));
    expect(yields()).to.equal(5);
  });
});
