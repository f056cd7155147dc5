import { execFileSync } from 'node:child_process';
import { link, mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { scanDirectory, type DirectoryScan } from '../../src/loader/scan-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const paths = (scan: DirectoryScan): string[] => scan.files.map(file => file.path);
const refused = (scan: DirectoryScan): string[] => scan.refused.map(({ code, file }) => `${code} ${file}`);

async function write(root: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(root, name, '..'), { recursive: true });
    await writeFile(join(root, name), 'clusters: []\n');
  }
}

describe('scanDirectory', () => {
  it('lists .yaml and .yml files at any depth, sorted, with forward slashes', async () => {
    await using root = await temporaryDirectory();
    await write(root.path, 'b.yml', 'a/z.yaml', 'a/b/c.yaml', 'readme.md', 'Z.yaml');
    const scan = await scanDirectory(root.path);
    expect(paths(scan)).to.deep.equal(['Z.yaml', 'a/b/c.yaml', 'a/z.yaml', 'b.yml']);
    expect([...scan.directories.keys()]).to.deep.equal([
      root.path,
      join(root.path, 'a'),
      join(root.path, 'a/b'),
    ]);
    expect(scan.refused).to.deep.equal([]);
  });

  it('skips hidden files and directories, backups, swap files and temporary files', async () => {
    await using root = await temporaryDirectory();
    await write(
      root.path,
      '.hidden.yaml',
      '.git/x.yaml',
      'a.yaml~',
      'a.yaml.swp',
      'b.yaml.tmp',
      'c~/x.yaml',
      'd.tmp/x.yaml',
    );
    await symlink('user@host.1234', join(root.path, '.#a.yaml'));
    const scan = await scanDirectory(root.path);
    expect([paths(scan), refused(scan)]).to.deep.equal([[], []]);
  });

  it('holds nothing when the directory is empty or missing', async () => {
    await using root = await temporaryDirectory();
    expect(paths(await scanDirectory(root.path))).to.deep.equal([]);
    const scan = await scanDirectory(join(root.path, 'missing'));
    expect(scan).to.deep.equal({ files: [], refused: [], directories: new Map(), links: [] });
  });

  it('refuses a snapshot directory that is a file', async () => {
    await using root = await temporaryDirectory();
    await write(root.path, 'file');
    expect(refused(await scanDirectory(join(root.path, 'file')))).to.deep.equal(['AP1004 .']);
  });

  it('lists a Kubernetes volume through its links', async () => {
    await using root = await temporaryDirectory();
    await write(root.path, '..2026_1/edge.yaml');
    await symlink('..2026_1', join(root.path, '..data'));
    await symlink('..data/edge.yaml', join(root.path, 'edge.yaml'));
    const scan = await scanDirectory(root.path);
    expect(scan.files).to.have.length(1);
    expect(scan.files[0]).to.include({ path: 'edge.yaml', realPath: join(root.path, '..2026_1/edge.yaml') });
    expect(scan.links).to.deep.equal([join(root.path, 'edge.yaml')]);
  });

  it('follows a root that is a link, and measures "inside" by where it leads', async () => {
    await using place = await temporaryDirectory();
    await write(place.path, 'releases/1/a.yaml');
    await symlink('releases/1', join(place.path, 'current'));
    await symlink(join(place.path, 'current/a.yaml'), join(place.path, 'releases/1/b.yaml'));
    const scan = await scanDirectory(join(place.path, 'current'));
    expect([paths(scan), refused(scan)]).to.deep.equal([['a.yaml', 'b.yaml'], []]);
  });

  it('refuses links to files and directories outside, and a neighbour whose name begins alike', async () => {
    await using place = await temporaryDirectory();
    const root = join(place.path, 'snapshots');
    await write(place.path, 'snapshots/a.yaml', 'snapshots-old/b.yaml', 'outside/c.yaml');
    await symlink(join(place.path, 'outside/c.yaml'), join(root, 'c.yaml'));
    await symlink('../outside', join(root, 'directory'));
    await symlink('../snapshots-old/b.yaml', join(root, 'b.yaml'));
    await symlink('/etc/hostname', join(root, 'not-a-snapshot'));
    const scan = await scanDirectory(root);
    expect(paths(scan)).to.deep.equal(['a.yaml']);
    expect(refused(scan)).to.deep.equal(['AP1005 b.yaml', 'AP1005 c.yaml', 'AP1005 directory']);
  });

  it('ends with loops of links and walks each directory once', async () => {
    await using root = await temporaryDirectory();
    await write(root.path, 'z/a.yaml');
    await symlink('..', join(root.path, 'z/up'));
    await symlink('z', join(root.path, 'b'));
    await symlink('b', join(root.path, 'c'));
    const scan = await scanDirectory(root.path);
    expect([paths(scan), refused(scan)]).to.deep.equal([['z/a.yaml'], []]);
  });

  it('refuses links that lead nowhere or to themselves', async () => {
    await using root = await temporaryDirectory();
    await symlink('gone', join(root.path, 'dangling.yaml'));
    await symlink('loop.yaml', join(root.path, 'loop.yaml'));
    await symlink('gone', join(root.path, 'dangling'));
    const scan = await scanDirectory(root.path);
    expect(refused(scan)).to.deep.equal(['AP1004 dangling.yaml', 'AP1004 loop.yaml']);
    expect(scan.refused[0]?.message).to.equal('cannot be read: ENOENT: no such file or directory');
  });

  it('refuses a directory, a FIFO, a socket and a device by the name of a snapshot, without opening them', async () => {
    await using root = await temporaryDirectory();
    await write(root.path, 'directory.yaml/inner.yaml');
    execFileSync('mkfifo', [join(root.path, 'fifo.yaml')]);
    await symlink('/dev/zero', join(root.path, 'device.yaml'));
    const server = createServer().listen(join(root.path, 'socket.yaml'));
    await new Promise(resolve => server.once('listening', resolve));
    const scan = await scanDirectory(root.path);
    await new Promise(resolve => server.close(resolve));
    expect(scan.files).to.deep.equal([]);
    expect(scan.refused.map(({ file, code, message }) => [file, code, message])).to.deep.equal([
      ['device.yaml', 'AP1005', 'the link leads out of the snapshot directory'],
      ['directory.yaml', 'AP1004', 'expected a file, found a directory'],
      ['fifo.yaml', 'AP1004', 'expected a file, found a FIFO'],
      ['socket.yaml', 'AP1004', 'expected a file, found a socket'],
    ]);
  });

  it('refuses a file of 100 MB by its size', async () => {
    await using root = await temporaryDirectory();
    await write(root.path, 'large.yaml');
    await truncate(join(root.path, 'large.yaml'), 100_000_000);
    const scan = await scanDirectory(root.path);
    expect([paths(scan), refused(scan)]).to.deep.equal([[], ['AP1003 large.yaml']]);
  });

  it('sees new content under an old size and mtime, in place and by another file', async () => {
    await using root = await temporaryDirectory();
    await write(root.path, 'a.yaml');
    const file = join(root.path, 'a.yaml');
    const time = new Date('2020-01-01');
    const signatures = new Set<string | undefined>();
    const note = async (): Promise<void> => {
      await utimes(file, time, time);
      signatures.add((await scanDirectory(root.path)).files[0]?.signature);
    };
    await note();
    await writeFile(file, 'listeners: []');
    await truncate(file, 13);
    await note();
    await link(file, join(root.path, 'b'));
    await writeFile(join(root.path, 'c'), 'clusters_: []');
    await rename(join(root.path, 'c'), file);
    await note();
    expect(signatures.size).to.equal(3);
  });

  it('tells a directory from another one that took its place', async () => {
    await using root = await temporaryDirectory();
    await write(root.path, 'd/a.yaml');
    const before = (await scanDirectory(root.path)).directories.get(join(root.path, 'd'));
    await rm(join(root.path, 'd'), { recursive: true });
    await write(root.path, 'd/a.yaml');
    const after = (await scanDirectory(root.path)).directories.get(join(root.path, 'd'));
    expect(after).to.be.a('string').and.not.equal(before);
  });

  it('walks a tree that is 200 directories deep', async () => {
    await using root = await temporaryDirectory();
    const deep = Array.from({ length: 200 }, (_, index) => `d${index}`).join('/');
    await write(root.path, `${deep}/a.yaml`);
    expect(paths(await scanDirectory(root.path))).to.deep.equal([`${deep}/a.yaml`]);
  });

  it('lists 10,000 files without holding up the event loop', async () => {
    await using root = await temporaryDirectory();
    for (let directory = 0; directory < 20; directory += 1) {
      await mkdir(join(root.path, `d${directory}`));
      const names = Array.from({ length: 500 }, (_, index) =>
        join(root.path, `d${directory}`, `f${index}.yaml`),
      );
      await Promise.all(names.map(name => writeFile(name, '')));
    }
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    const scan = await scanDirectory(root.path);
    clearInterval(ticking);
    expect(scan.files).to.have.length(10_000);
    expect(turns).to.be.greaterThan(5);
  });
});
