import { expect } from 'chai';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/platform/atomic-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('writeFileAtomic', () => {
  it('replaces a file and its mode', async () => {
    await using temporary = await temporaryDirectory();
    const path = join(temporary.path, 'file');
    await writeFile(path, 'old', { mode: 0o644 });
    await writeFileAtomic(path, Buffer.from('new'));
    expect(await readFile(path, 'utf8')).to.equal('new');
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(temporary.path)).to.deep.equal(['file']);
  });

  it('leaves nothing behind when it fails', async () => {
    await using temporary = await temporaryDirectory();
    const path = join(temporary.path, 'file');
    await mkdir(join(path, 'in-the-way'), { recursive: true });
    const problem = await writeFileAtomic(path, Buffer.from('new')).catch((thrown: unknown) => thrown);
    expect(problem).to.be.an('error');
    expect(await readdir(temporary.path)).to.deep.equal(['file']);
  });

  it('gives readers the old or the new bytes, never a part', async () => {
    await using temporary = await temporaryDirectory();
    const path = join(temporary.path, 'file');
    const texts = ['a', 'b'].map(letter => letter.repeat(200_000));
    await writeFileAtomic(path, Buffer.from(texts[0] ?? ''));
    const writes = Array.from({ length: 20 }, (_, round) => texts[round % 2] ?? '');
    const reader = (async () => {
      for (let round = 0; round < 100; round++) expect(texts).to.include(await readFile(path, 'utf8'));
    })();
    for (const text of writes) await writeFileAtomic(path, Buffer.from(text));
    await reader;
  });
});
