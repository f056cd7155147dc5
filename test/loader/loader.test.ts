import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import type { LoaderOptions, LoaderParts } from '../../src/loader/loader.ts';
import { createLogger } from '../../src/platform/log.ts';
import { FileWatcher } from '../../src/platform/watch-files.ts';
import type { SourceTree } from '../../src/resources/source-tree.ts';
import { ConfigMapVolume, swapDirectory } from '../support/fault-writer.ts';
import { deafWatcher, END, Follower } from '../support/follower.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const NEVER_MS = 3_600_000;

/** Found by events alone, quickly. */
const BY_EVENTS: Partial<LoaderOptions> = { debounceMs: 20, confirmMs: 20, settleMs: 300, pollMs: NEVER_MS };
const BY_POLLING: Partial<LoaderOptions> = { ...BY_EVENTS, pollMs: 50 };

const asset = (tree: SourceTree | undefined, path: string): string | undefined => {
  const found = tree?.assets.get(path);
  return found?.kind === 'read' ? Buffer.from(found.bytes).toString() : found?.reason;
};

/** A place with a snapshot directory, a watcher, and a follower; all of it goes with the test. */
async function place(
  options: Partial<LoaderOptions> = BY_EVENTS,
  parts: Partial<LoaderParts> = {},
): Promise<{ root: string; path: string; watcher: FileWatcher; follower: Follower } & AsyncDisposable> {
  const directory = await temporaryDirectory();
  const root = join(directory.path, 'snapshots');
  await mkdir(root);
  await writeFile(join(root, 'a.yaml'), END);
  const watcher = new FileWatcher({ log: createLogger('silent') });
  const follower = new Follower(
    options.pollMs === NEVER_MS ? watcher : deafWatcher,
    { directory: root, ...options },
    parts,
  );
  return {
    root,
    path: directory.path,
    watcher,
    follower,
    [Symbol.asyncDispose]: async () => {
      await follower.loader.stop();
      await watcher.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('Loader', () => {
  it('has handed over the first tree when start resolves, even a broken one', async () => {
    await using at = await place();
    await writeFile(join(at.root, 'a.yaml'), 'half');
    await at.follower.loader.start();
    expect(at.follower.files).to.deep.equal({ 'a.yaml': 'half' });
  });

  for (const options of [BY_EVENTS, BY_POLLING]) {
    const how = options.pollMs === NEVER_MS ? 'by events' : 'by polling';

    it(`starts on a missing directory with an empty tree and follows it once it is there, ${how}`, async () => {
      await using at = await place(options);
      await rm(at.root, { recursive: true });
      await at.follower.loader.start();
      expect(at.follower.trees.map(({ files, refused }) => [files, refused])).to.deep.equal([[[], []]]);
      for (let round = 1; round <= 3; round += 1) {
        await mkdir(join(at.root, 'deep'), { recursive: true });
        await writeFile(join(at.root, 'deep/a.yaml'), `${round}${END}`);
        await at.follower.reaches({ 'deep/a.yaml': `${round}${END}` });
        await rm(at.root, { recursive: true });
        await at.follower.reaches({});
      }
      expect(at.follower.failures).to.deep.equal([]);
    });

    it(`follows the assets that files name, through a Kubernetes secret outside the directory, ${how}`, async () => {
      const assets: string[] = [];
      await using at = await place(options, { assetPathsOf: () => assets });
      const certs = join(at.path, 'certs');
      assets.push(join(certs, 'tls.crt'), join(certs, 'tls.key'));
      await mkdir(certs);
      const volume = new ConfigMapVolume(certs);
      const crt = (): string | undefined => asset(at.follower.trees.at(-1), join(certs, 'tls.crt'));
      await at.follower.loader.start();
      expect(crt()).to.equal('missing');
      for (let round = 1; round <= 4; round += 1) {
        const before = at.follower.trees.length;
        await volume.publish({ 'tls.crt': `crt ${round}`, 'tls.key': `key ${round}` });
        await waitFor(`certificate ${round}`, () => crt() === `crt ${round}`);
        await at.follower.quiesces();
        const pairs = at.follower.trees.slice(before).map(tree => assets.map(path => asset(tree, path)));
        expect(pairs).to.deep.equal([[`crt ${round}`, `key ${round}`]]);
      }
    });
  }

  it('follows assets whose directory is swapped by rename, and changes in the new one', async () => {
    const assets: string[] = [];
    await using at = await place(BY_EVENTS, { assetPathsOf: () => assets });
    const certs = join(at.path, 'certs');
    assets.push(join(certs, 'tls.key'));
    await mkdir(certs);
    await writeFile(join(certs, 'tls.key'), 'key 0');
    await at.follower.loader.start();
    const reaches = (text: string): Promise<unknown> =>
      waitFor(text, () => asset(at.follower.trees.at(-1), join(certs, 'tls.key')) === text);
    for (let round = 1; round <= 3; round += 1) {
      await swapDirectory(certs, 'tls.key', `swapped ${round}`, 0);
      await reaches(`swapped ${round}`);
      await at.follower.quiesces();
      await writeFile(join(certs, 'tls.key'), `in place ${round}`);
      await reaches(`in place ${round}`);
    }
  });

  it('settles while an asset is missing, and takes the pair when it is whole again', async () => {
    const assets: string[] = [];
    await using at = await place({ ...BY_EVENTS, settleMs: 5000 }, { assetPathsOf: () => assets });
    assets.push(join(at.path, 'tls.key'));
    await writeFile(join(at.path, 'tls.key'), 'key 0');
    await at.follower.loader.start();
    await rm(join(at.path, 'tls.key'));
    await waitFor('settling', () => at.follower.settled.length > 0);
    await writeFile(join(at.path, 'tls.key'), 'key 1');
    await waitFor('the new key', () => at.follower.trees.length > 1);
    expect(at.follower.trees.map(tree => asset(tree, join(at.path, 'tls.key')))).to.deep.equal([
      'key 0',
      'key 1',
    ]);
    expect(at.follower.settled).to.deep.equal(['a file that is named cannot be read']);
  });

  const doubts: readonly {
    name: string;
    reason: string;
    act: (root: string) => Promise<unknown>;
    files: object;
  }[] = [
    {
      name: 'a file that stays broken',
      reason: 'the files have errors',
      act: root => writeFile(join(root, 'a.yaml'), `half of what is to come, and more`),
      files: { 'a.yaml': 'half of what is to come, and more', 'b.yaml': `b${END}` },
    },
    {
      name: 'a file that was deleted',
      reason: 'a file has vanished',
      act: root => rm(join(root, 'b.yaml')),
      files: { 'a.yaml': END },
    },
    {
      name: 'a file that was cut short in place',
      reason: 'a file was cut short',
      act: root => writeFile(join(root, 'b.yaml'), END),
      files: { 'a.yaml': END, 'b.yaml': END },
    },
    {
      name: 'a link out of the directory',
      reason: 'a file is refused',
      act: root => symlink('/etc/hostname', join(root, 'c.yaml')),
      files: { 'a.yaml': END, 'b.yaml': `b${END}` },
    },
    {
      name: 'an empty mount',
      reason: 'no file',
      act: async root => {
        await rename(join(root, 'a.yaml'), join(root, '.a'));
        await rename(join(root, 'b.yaml'), join(root, '.b'));
      },
      files: {},
    },
  ];
  for (const { name, reason, act, files } of doubts) {
    it(`lets ${name} settle, then hands it over to be reported`, async () => {
      await using at = await place();
      await writeFile(join(at.root, 'b.yaml'), `b${END}`);
      await at.follower.loader.start();
      const startedMs = performance.now();
      await act(at.root);
      await waitFor('the tree', () => at.follower.trees.length > 1);
      expect(performance.now() - startedMs).to.be.at.least(300);
      expect(at.follower.files).to.deep.equal(files);
      expect(at.follower.settled.at(-1)).to.equal(reason);
    });
  }

  it('goes on with good files beside garbage, a 100 MB file, and a link out', async () => {
    await using at = await place();
    await at.follower.loader.start();
    await writeFile(join(at.root, 'garbage.yaml'), Buffer.from([0xff, 0xfe, 0x00, 0x80]));
    await writeFile(join(at.root, 'large.yaml'), '');
    await truncate(join(at.root, 'large.yaml'), 100_000_000);
    await symlink('/etc/hostname', join(at.root, 'out.yaml'));
    await mkdir(join(at.root, 'directory.yaml'));
    const codes = (): string[] | undefined =>
      at.follower.trees.at(-1)?.refused.map(({ code, file }) => `${code} ${file}`);
    await waitFor('the refusals', () => codes()?.length === 4);
    expect(codes()?.sort()).to.deep.equal([
      'AP1003 large.yaml',
      'AP1004 directory.yaml',
      'AP1005 out.yaml',
      'AP1008 garbage.yaml',
    ]);
    await writeFile(join(at.root, 'b.yaml'), `b${END}`);
    await at.follower.reaches({ 'a.yaml': END, 'b.yaml': `b${END}` });
  });

  it('does not let what was wrong before delay another edit', async () => {
    const missing: string[] = [];
    await using at = await place({ ...BY_EVENTS, settleMs: NEVER_MS }, { assetPathsOf: () => missing });
    missing.push(join(at.path, 'gone.key'));
    await symlink('/etc/hostname', join(at.root, 'out.yaml'));
    await at.follower.loader.start();
    await writeFile(join(at.root, 'a.yaml'), `2${END}`);
    await at.follower.reaches({ 'a.yaml': `2${END}` });
    expect(at.follower.settled).to.deep.equal([]);
  });

  it('looks again on a signal and on a call, and says who asked', async () => {
    await using at = await place({ ...BY_EVENTS, pollMs: NEVER_MS - 1 });
    await at.follower.loader.start();
    await writeFile(join(at.root, 'b.yaml'), END);
    at.follower.loader.rescan('signal');
    await at.follower.reaches({ 'a.yaml': END, 'b.yaml': END });
    await at.follower.quiesces();
    expect(at.follower.rescans).to.deep.equal([
      { trigger: 'api', changed: true },
      { trigger: 'signal', changed: true },
      { trigger: 'api', changed: false },
    ]);
  });

  it('counts a change that only polling found', async () => {
    await using at = await place(BY_POLLING);
    await at.follower.loader.start();
    await writeFile(join(at.root, 'a.yaml'), `2${END}`);
    await at.follower.reaches({ 'a.yaml': `2${END}` });
    expect(at.follower.rescans).to.deep.include({ trigger: 'poll', changed: true });
  });

  it('reads all contents again from time to time, and is silent when they are the same', async () => {
    let readings = 0;
    await using at = await place(
      { ...BY_POLLING, rehashMs: 100 },
      {
        assetPathsOf: () => {
          readings += 1;
          return [];
        },
      },
    );
    await at.follower.loader.start();
    await waitFor('some readings', () => readings > 3);
    expect(at.follower.trees).to.have.length(1);
  });

  it('asks for watches again when the watcher is degraded', async () => {
    let rearmed = 0;
    const degraded = { ...deafWatcher, isDegraded: true, rearm: () => void (rearmed += 1) };
    await using at = await place();
    await using follower = new Follower(degraded, { directory: at.root, ...BY_POLLING, rehashMs: 100 });
    await follower.loader.start();
    await waitFor('arming anew', () => rearmed > 2);
  });

  it('reports a file that never stands still, keeps the last tree, and does not hold up the start', async () => {
    // Written anew while it is looked at, however slow this machine is.
    const writer = { isBusy: true, round: 0 };
    await using at = await place(
      { ...BY_POLLING, unstableMs: 100, startTimeoutMs: 150 },
      {
        assetPathsOf: () => {
          if (writer.isBusy) writeFileSync(join(at.root, 'a.yaml'), `${writer.round++}${END}`);
          return [];
        },
      },
    );
    await at.follower.loader.start();
    expect(at.follower.trees).to.deep.equal([]);
    await waitFor('the report', () => at.follower.unstable.length > 0);
    writer.isBusy = false;
    await waitFor('a tree', () => at.follower.trees.length === 1);
  });

  it('reports an exception of what it was given, and goes on with the next change', async () => {
    let fails = true;
    await using at = await place(BY_EVENTS, {
      assetPathsOf: () => {
        if (fails) throw new Error('a defect');
        return [];
      },
    });
    await at.follower.loader.start();
    expect(at.follower.failures.map(String)).to.deep.equal(['Error: a defect']);
    fails = false;
    at.follower.loader.rescan('api');
    await at.follower.reaches({ 'a.yaml': END });
  });

  it('reports an exception of who takes the trees', async () => {
    const texts: string[] = [];
    await using at = await place(BY_EVENTS, {
      onTree: tree => {
        texts.push(...tree.files.map(file => file.text));
        throw new Error('a defect');
      },
    });
    await at.follower.loader.start();
    await writeFile(join(at.root, 'a.yaml'), `2${END}`);
    await waitFor('the second tree', () => texts.length === 2);
    expect(at.follower.failures.map(String)).to.deep.equal(['Error: a defect', 'Error: a defect']);
  });

  it('hands over nothing after it was stopped, and can be stopped before it has started', async () => {
    await using at = await place();
    const starting = at.follower.loader.start();
    await at.follower.loader.stop();
    await starting;
    at.follower.loader.rescan('api');
    await writeFile(join(at.root, 'a.yaml'), `2${END}`);
    await at.follower.loader.stop();
    expect(at.follower.trees).to.deep.equal([]);
  });
});
