import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { TreeReader, type AssetPathsOf, type TreeReaderOptions } from '../../src/loader/tree-reader.ts';
import type { SourceTree } from '../../src/resources/source-tree.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function readerOf(options: TreeReaderOptions, assetPathsOf: AssetPathsOf = () => []): TreeReader {
  return new TreeReader({ assetPathsOf }, options);
}

async function readTree(reader: TreeReader, everything = false): Promise<SourceTree> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const reading = await reader.read(await reader.scan(), everything);
    if (reading.kind === 'tree') return reading.tree;
  }
  throw new Error('the tree is unstable');
}

describe('TreeReader', () => {
  it('reads files with their SHA-256, and an equal tree has an equal hash', async () => {
    await using one = await temporaryDirectory();
    await using two = await temporaryDirectory();
    for (const { path } of [one, two]) await writeFile(join(path, 'a.yaml'), 'clusters: []\n');
    const tree = await readTree(readerOf({ directory: one.path }));
    expect(tree.files.map(({ path, text }) => [path, text])).to.deep.equal([['a.yaml', 'clusters: []\n']]);
    expect(tree.files[0]?.hash).to.equal(
      execFileSync('sha256sum', [join(one.path, 'a.yaml')], { encoding: 'utf8' }).slice(0, 64),
    );
    expect((await readTree(readerOf({ directory: two.path }))).hash).to.equal(tree.hash);
  });

  it('has another hash for another path, content, refusal or asset', async () => {
    await using root = await temporaryDirectory();
    const asset = join(root.path, 'key.pem');
    const reader = readerOf({ directory: root.path }, () => [asset]);
    const hashes = new Set<string>();
    const steps = [
      () => writeFile(join(root.path, 'a.yaml'), 'a'),
      () => writeFile(join(root.path, 'a.yaml'), 'b'),
      () => writeFile(join(root.path, 'b.yaml'), 'b'),
      () => rm(join(root.path, 'a.yaml')),
      () => symlink('gone', join(root.path, 'c.yaml')),
      () => writeFile(asset, '1'),
      () => writeFile(asset, '2'),
      () => rm(asset),
    ];
    for (const step of steps) {
      await step();
      hashes.add((await readTree(reader)).hash);
    }
    expect(hashes.size).to.equal(steps.length - 1);
  });

  it('keeps the object of a file whose content is the same', async () => {
    await using root = await temporaryDirectory();
    await writeFile(join(root.path, 'a.yaml'), 'a');
    const reader = readerOf({ directory: root.path });
    const before = await readTree(reader);
    await writeFile(join(root.path, 'a.yaml'), 'a');
    const after = await readTree(reader, true);
    expect(after.files[0]).to.equal(before.files[0]);
  });

  it('reads everything anew when told, whatever the signatures say', async () => {
    await using root = await temporaryDirectory();
    await writeFile(join(root.path, 'a.yaml'), 'a');
    const reader = readerOf({ directory: root.path });
    const scan = await reader.scan();
    await reader.read(scan, false);
    await writeFile(join(root.path, 'a.yaml'), 'b');
    const trusting = await reader.read(scan, false);
    const doubting = await reader.read(scan, true);
    const texts = [trusting, doubting].map(reading => reading.kind === 'tree' && reading.tree.files[0]?.text);
    expect(texts).to.deep.equal(['a', 'b']);
  });

  it('is unstable when a file that was scanned is gone or has become a FIFO', async () => {
    await using root = await temporaryDirectory();
    const file = join(root.path, 'a.yaml');
    await writeFile(file, 'a');
    const reader = readerOf({ directory: root.path });
    const scan = await reader.scan();
    await rm(file);
    expect(await reader.read(scan, false)).to.deep.equal({ kind: 'unstable' });
    execFileSync('mkfifo', [file]);
    expect(await reader.read(scan, false)).to.deep.equal({ kind: 'unstable' });
  });

  it('refuses text that is not UTF-8 with the line, and binary garbage', async () => {
    await using root = await temporaryDirectory();
    await writeFile(join(root.path, 'a.yaml'), Buffer.from([0x61, 0x0a, 0xc3, 0xa9, 0x0a, 0x62, 0xff, 0x0a]));
    await writeFile(join(root.path, 'b.yaml'), Buffer.from([0x80, 0x00, 0xfe, 0xff]));
    const tree = await readTree(readerOf({ directory: root.path }));
    expect(tree.files).to.deep.equal([]);
    expect(tree.refused.map(({ file, line, code }) => [file, line, code])).to.deep.equal([
      ['a.yaml', 3, 'AP1008'],
      ['b.yaml', 1, 'AP1008'],
    ]);
  });

  it('takes a byte order mark for what it is', async () => {
    await using root = await temporaryDirectory();
    await writeFile(join(root.path, 'a.yaml'), '\uFEFFclusters: []');
    expect((await readTree(readerOf({ directory: root.path }))).files[0]?.text).to.equal('clusters: []');
  });

  it('refuses a file it may not read and takes it once it may', async () => {
    await using root = await temporaryDirectory();
    const file = join(root.path, 'a.yaml');
    await writeFile(file, 'a');
    await chmod(file, 0);
    const reader = readerOf({ directory: root.path });
    const tree = await readTree(reader);
    // Root may read everything; anybody else sees the refusal.
    const refused = process.getuid?.() === 0 ? [] : ['AP1004'];
    expect(tree.refused.map(({ code }) => code)).to.deep.equal(refused);
    await chmod(file, 0o600);
    expect((await readTree(reader)).files.map(({ text }) => text)).to.deep.equal(['a']);
  });

  it('reads a file of several chunks whole', async () => {
    await using root = await temporaryDirectory();
    const text = 'é'.repeat(1_600_000);
    await writeFile(join(root.path, 'a.yaml'), text);
    expect((await readTree(readerOf({ directory: root.path }))).files[0]?.text).to.equal(text);
  });

  it('reads the assets that the files name, or says why not', async () => {
    await using root = await temporaryDirectory();
    const asset = (name: string): string => join(root.path, 'assets', name);
    await mkdir(asset('directory'), { recursive: true });
    await writeFile(asset('key.pem'), 'key');
    await symlink('key.pem', asset('link.pem'));
    await writeFile(asset('large.pem'), '');
    await truncate(asset('large.pem'), 5_000_000);
    execFileSync('mkfifo', [asset('fifo')]);
    await symlink('self', asset('self'));
    await writeFile(join(root.path, 'a.yaml'), 'a');
    const names = ['key.pem', 'link.pem', 'large.pem', 'directory', 'fifo', 'gone', 'self'];
    const reader = readerOf({ directory: root.path }, () => names.map(asset));
    const { assets } = await readTree(reader);
    const outcomes = names.map(name => {
      const found = assets.get(asset(name));
      return found?.kind === 'read' ? Buffer.from(found.bytes).toString() : found?.reason;
    });
    expect(outcomes).to.deep.equal([
      'key',
      'key',
      'too-large',
      'not-a-file',
      'not-a-file',
      'missing',
      'unreadable',
    ]);
  });

  it('is unstable until the assets that are named have been scanned too', async () => {
    await using root = await temporaryDirectory();
    await writeFile(join(root.path, 'a.yaml'), 'a');
    await writeFile(join(root.path, 'key.pem'), 'key');
    const reader = readerOf({ directory: root.path }, () => [join(root.path, 'key.pem')]);
    const first = await reader.scan();
    expect(await reader.read(first, false)).to.deep.equal({ kind: 'unstable' });
    const second = await reader.scan();
    expect(second.signature).to.not.equal(first.signature);
    expect((await reader.read(second, false)).kind).to.equal('tree');
    await utimes(join(root.path, 'key.pem'), 1, 1);
    expect((await reader.scan()).signature).to.not.equal(second.signature);
  });
});
