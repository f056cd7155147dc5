import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { linkChain } from '../../src/loader/link-chain.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** The chain as `directory/name`, relative to `root`, the entries above it left out. */
async function chain(root: string, path: string): Promise<string[]> {
  const real = await realpath(root);
  const found = await linkChain(join(real, path));
  return found
    .flatMap(({ directory, names }) => [...(names ?? [])].map(name => join(directory, name)))
    .filter(entry => entry.startsWith(real + '/'))
    .map(entry => entry.slice(real.length + 1));
}

describe('linkChain', () => {
  it('names the last entry and its directory', async () => {
    await using root = await temporaryDirectory();
    await mkdir(join(root.path, 'a/b/c'), { recursive: true });
    await writeFile(join(root.path, 'a/b/c/key.pem'), '');
    expect(await chain(root.path, 'a/b/c/key.pem')).to.deep.equal(['a/b/c', 'a/b/c/key.pem']);
  });

  it('names every link on the way through a Kubernetes secret', async () => {
    await using root = await temporaryDirectory();
    await mkdir(join(root.path, 'certs/..2026_1'), { recursive: true });
    await writeFile(join(root.path, 'certs/..2026_1/key.pem'), '');
    await symlink('..2026_1', join(root.path, 'certs/..data'));
    await symlink('..data/key.pem', join(root.path, 'certs/key.pem'));
    expect(await chain(root.path, 'certs/key.pem')).to.deep.equal([
      'certs',
      'certs/key.pem',
      'certs/..data',
      'certs/..2026_1',
      'certs/..2026_1/key.pem',
    ]);
  });

  it('follows absolute links and .. through links as the system does', async () => {
    await using root = await temporaryDirectory();
    const real = await realpath(root.path);
    await mkdir(join(real, 'x/deep'), { recursive: true });
    await mkdir(join(real, 'y'));
    await writeFile(join(real, 'x/file'), '');
    await symlink(join(real, 'x/deep'), join(real, 'y/abs'));
    await symlink('abs/../file', join(real, 'y/up'));
    expect(await chain(root.path, 'y/up')).to.deep.equal(['y', 'y/up', 'y/abs', 'x/file']);
    expect(await realpath(join(real, 'y/up'))).to.equal(join(real, 'x/file'));
  });

  it('ends at the first entry that is missing, and with a link to itself', async () => {
    await using root = await temporaryDirectory();
    await symlink('self', join(root.path, 'self'));
    expect(await chain(root.path, 'gone/deep/key.pem')).to.deep.equal(['gone']);
    expect(new Set(await chain(root.path, 'self'))).to.deep.equal(new Set(['self']));
  });
});
