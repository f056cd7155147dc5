import { expect } from 'chai';
import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileIdentity } from '../../src/loader/file-stat.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('fileIdentity', () => {
  it('is another one after a file was renamed over it, also when the inode is used again', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'a.yaml');
    const save = async (text: string): Promise<string> => {
      await writeFile(`${path}.tmp`, text);
      await rename(`${path}.tmp`, path);
      return fileIdentity(await stat(path, { bigint: true }));
    };
    // Saving this way frees the inode of the file before, which is given to the file after next.
    const identities = new Set([await save('a'), await save('b'), await save('c'), await save('d')]);
    expect(identities.size).to.equal(4);
  });

  it('stays when a file is written in place', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'a.yaml');
    await writeFile(path, 'long before');
    const before = fileIdentity(await stat(path, { bigint: true }));
    await writeFile(path, 'short');
    expect(fileIdentity(await stat(path, { bigint: true }))).to.equal(before);
  });
});
