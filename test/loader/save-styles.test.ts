import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { LoaderOptions } from '../../src/loader/loader.ts';
import { createLogger } from '../../src/platform/log.ts';
import { FileWatcher } from '../../src/platform/watch-files.ts';
import {
  ConfigMapVolume,
  git,
  replaceKeepingTimes,
  repointLink,
  saveByBackup,
  saveByCopy,
  saveByRecreation,
  saveByRename,
  saveInPlace,
  saveLikeRsync,
  saveLikeVim,
  saveSameContent,
  swapDirectory,
  touch,
  writeInPieces,
} from '../support/fault-writer.ts';
import { deafWatcher, END, filesOf, follow, type Follower } from '../support/follower.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

type Files = Record<string, string>;

/** One way of saving, done `ROUNDS` times over on the same directory, as watchers often hear the first time only. */
interface SaveStyle {
  readonly name: string;
  /** Fills the directory and may return what later rounds need. Default: `edge.yaml` and `other.yaml`. */
  readonly prepare?: (place: Place) => Promise<void>;
  /** Saves; returns the files as they are to be handed over. */
  readonly save: (place: Place, round: number) => Promise<Files>;
  /** Nothing may be handed over. */
  readonly silent?: true;
  /**
   * How many states may be handed over: more than the last only when the save is of many files one after another, so
   * that a busy machine may pause it between two of them, at a state as whole as any. Default 1.
   */
  readonly mostStates?: number;
  /** Default: short debounce, since what is tried does not depend on it. */
  readonly timings?: Partial<LoaderOptions>;
}

interface Place {
  readonly root: string;
  readonly volume: ConfigMapVolume;
}

const ROUNDS = 4;
const QUICK: Partial<LoaderOptions> = { debounceMs: 30, confirmMs: 30 };
const NEVER_MS = 3_600_000;

/** A whole file; equal lengths for rounds below ten. */
function whole(round: number, lines = 20): string {
  return `# round ${round}\n${'clusters: []\n'.repeat(lines)}${END}`;
}

const OTHER = whole(0, 3);

function edgeStyle(
  name: string,
  save: (path: string, text: string) => Promise<void>,
  more: Partial<SaveStyle> = {},
): SaveStyle {
  return {
    name,
    save: async ({ root }, round) => {
      await save(join(root, 'edge.yaml'), whole(round));
      return { 'edge.yaml': whole(round), 'other.yaml': OTHER };
    },
    ...more,
  };
}

async function manyFiles(root: string, count: number, round: number): Promise<Files> {
  const files: Files = {};
  for (let index = 0; index < count; index += 1)
    files[`d${index % 10}/f${index}.yaml`] = whole(round, 1 + (index % 5));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return files;
}

const gitBranches: Files[] = [];

const STYLES: readonly SaveStyle[] = [
  edgeStyle('vim with a backup', saveLikeVim),
  edgeStyle('truncate and write (nano)', saveInPlace),
  edgeStyle('write beside and rename over', saveByRename),
  edgeStyle('cp over the file', saveByCopy),
  edgeStyle('rename to ~ and write anew', (path, text) => saveByBackup(path, text, 0)),
  edgeStyle('rename to ~ and write anew after 200 ms', (path, text) => saveByBackup(path, text, 200)),
  edgeStyle('delete and recreate', (path, text) => saveByRecreation(path, text, 0)),
  edgeStyle('delete and recreate after 300 ms', (path, text) => saveByRecreation(path, text, 300)),
  edgeStyle('truncate, 250 ms, write', (path, text) => writeInPieces(path, ['', text], 250), { timings: {} }),
  edgeStyle(
    'a writer that stalls for 900 ms with half a file',
    async (path, text) => writeInPieces(path, [text.slice(0, 90), text.slice(90)], 900),
    { timings: {} },
  ),
  {
    name: 'a writer that stalls for 900 ms with less than there was, though valid',
    timings: {},
    save: async ({ root }, round) => {
      await writeInPieces(join(root, 'edge.yaml'), [whole(round, 2), whole(round)], 900);
      return { 'edge.yaml': whole(round, 2) + whole(round), 'other.yaml': OTHER };
    },
  },
  edgeStyle(
    'ten pieces 100 ms apart',
    (path, text) =>
      writeInPieces(
        path,
        Array.from({ length: 10 }, (_, index) =>
          text.slice(index * 40, index === 9 ? undefined : (index + 1) * 40),
        ),
        100,
      ),
    { timings: {} },
  ),
  edgeStyle(
    'new content under the old size and mtime',
    async (path, text) => replaceKeepingTimes(path, text),
    {
      prepare: async ({ root }) => {
        await writeFile(join(root, 'edge.yaml'), whole(0));
        await writeFile(join(root, 'other.yaml'), OTHER);
      },
    },
  ),
  {
    name: 'ConfigMap ..data swap',
    prepare: ({ volume }) => volume.publish({ 'edge.yaml': whole(0), 'other.yaml': OTHER }),
    save: async ({ volume }, round) => {
      await volume.publish({ 'edge.yaml': whole(round), 'other.yaml': OTHER });
      return { 'edge.yaml': whole(round), 'other.yaml': OTHER };
    },
  },
  {
    name: 'the directory swapped by rename',
    save: async ({ root }, round) => {
      await swapDirectory(root, 'edge.yaml', whole(round), 0);
      return { 'edge.yaml': whole(round), 'other.yaml': OTHER };
    },
  },
  {
    name: 'the directory swapped by rename, missing for 200 ms, then edited in place',
    save: async ({ root }, round) => {
      await swapDirectory(root, 'other.yaml', OTHER, 200);
      await saveInPlace(join(root, 'edge.yaml'), whole(round));
      return { 'edge.yaml': whole(round), 'other.yaml': OTHER };
    },
  },
  {
    name: 'the root a symlink that is re-pointed',
    prepare: async ({ root }) => {
      await rm(root, { recursive: true });
      await mkdir(`${root}-releases/0`, { recursive: true });
      await writeFile(join(`${root}-releases/0`, 'edge.yaml'), whole(0));
      await symlink(`${root}-releases/0`, root);
    },
    save: async ({ root }, round) => {
      await mkdir(`${root}-releases/${round}`);
      await writeFile(join(`${root}-releases/${round}`, 'edge.yaml'), whole(round));
      await repointLink(root, `${root}-releases/${round}`);
      return { 'edge.yaml': whole(round) };
    },
  },
  {
    name: 'a directory inside re-pointed through a hidden one',
    prepare: async ({ root }) => {
      await mkdir(join(root, '.store/0'), { recursive: true });
      await writeFile(join(root, '.store/0/edge.yaml'), whole(0));
      await symlink('.store/0', join(root, 'current'));
    },
    save: async ({ root }, round) => {
      await mkdir(join(root, `.store/${round}`));
      await writeFile(join(root, `.store/${round}/edge.yaml`), whole(round));
      await repointLink(join(root, 'current'), `.store/${round}`);
      return { 'current/edge.yaml': whole(round) };
    },
  },
  {
    name: 'git checkout of 500 files',
    timings: {},
    mostStates: 3,
    prepare: async ({ root }) => {
      await git(root, 'init', '-q', '-b', 'even');
      gitBranches[0] = await manyFiles(root, 500, 2);
      await git(root, 'add', '.');
      await git(root, 'commit', '-qm', 'even');
      await git(root, 'checkout', '-qb', 'odd');
      gitBranches[1] = await manyFiles(root, 500, 1);
      await git(root, 'commit', '-qam', 'odd');
      await git(root, 'checkout', '-q', 'even');
    },
    save: async ({ root }, round) => {
      await git(root, 'checkout', '-q', round % 2 === 0 ? 'even' : 'odd');
      return gitBranches[round % 2] ?? {};
    },
  },
  ...[true, false].map((delayed): SaveStyle => ({
    name: delayed ? 'rsync --delay-updates of 21 files' : 'rsync of 21 files',
    timings: {},
    save: async ({ root }, round) => {
      const files = Object.fromEntries(
        Array.from({ length: 21 }, (_, index) => [`d${index % 3}/f${index}.yaml`, whole(round, index + 1)]),
      );
      await saveLikeRsync(root, files, delayed);
      return { ...files, 'edge.yaml': whole(0), 'other.yaml': OTHER };
    },
  })),
  {
    name: 'a file in a new subdirectory',
    save: async ({ root }, round) => {
      await mkdir(join(root, `new${round}/deep`), { recursive: true });
      await writeFile(join(root, `new${round}/deep/edge.yaml`), whole(round));
      const files: Files = { 'edge.yaml': whole(0), 'other.yaml': OTHER };
      for (let index = 1; index <= round; index += 1) files[`new${index}/deep/edge.yaml`] = whole(index);
      return files;
    },
  },
  {
    name: 'a file renamed',
    save: async ({ root }, round) => {
      await rename(
        join(root, round === 1 ? 'edge.yaml' : `r${round - 1}.yaml`),
        join(root, `r${round}.yaml`),
      );
      return { [`r${round}.yaml`]: whole(0), 'other.yaml': OTHER };
    },
  },
  edgeStyle('touch', path => touch(path), { silent: true }),
  edgeStyle('the same content saved again', path => saveSameContent(path), { silent: true }),
  edgeStyle('the same content renamed over', path => saveByRename(path, whole(0)), { silent: true }),
  edgeStyle('an editor that opens and closes its swap file', path => saveByRename(`${path}.swp`, 'b0VIM'), {
    silent: true,
  }),
];

async function prepare(style: SaveStyle, place: Place): Promise<void> {
  await mkdir(place.root);
  if (style.prepare !== undefined) {
    await style.prepare(place);
    return;
  }
  await writeFile(join(place.root, 'edge.yaml'), whole(0));
  await writeFile(join(place.root, 'other.yaml'), OTHER);
}

async function expectRound(
  style: SaveStyle,
  place: Place,
  followers: readonly Follower[],
  round: number,
): Promise<void> {
  const before = followers.map(({ trees, rescans }) => ({ trees: trees.length, rescans: rescans.length }));
  const files = await style.save(place, round);
  await Promise.all(
    followers.map(async (follower, index) => {
      if (style.silent)
        await waitFor('a look', () => follower.rescans.length > (before[index]?.rescans ?? 0));
      else await follower.reaches(files);
      await follower.quiesces();
    }),
  );
  const handed = followers.map((follower, index) => follower.trees.slice(before[index]?.trees));
  for (const trees of handed) {
    expect(trees.length).to.be.at.most(style.silent ? 0 : (style.mostStates ?? 1));
    expect(new Set(trees.map(tree => tree.hash)).size).to.equal(trees.length);
  }
}

async function runStyle(style: SaveStyle, mode: Mode): Promise<void> {
  await using directory = await temporaryDirectory();
  const root = join(directory.path, 'snapshots');
  const place = { root, volume: new ConfigMapVolume(root) };
  await prepare(style, place);
  const watcher = new FileWatcher({ log: createLogger('silent') });
  const options = { directory: root, ...(style.timings ?? QUICK), pollMs: mode.pollMs };
  const followers = await follow(mode.deaf ? deafWatcher : watcher, options, 2);
  try {
    for (let round = 1; round <= ROUNDS; round += 1) await expectRound(style, place, followers, round);
  } finally {
    for (const follower of followers) await follower.loader.stop();
    await watcher.close();
  }
  for (const follower of followers) {
    expect(follower.failures).to.deep.equal([]);
    const texts = follower.trees.flatMap(tree => Object.values(filesOf(tree)));
    expect(texts.filter(text => !text.endsWith(END))).to.deep.equal([]);
  }
}

interface Mode {
  readonly name: string;
  readonly deaf: boolean;
  readonly pollMs: number;
}

const MODES: readonly Mode[] = [
  { name: 'found by events alone', deaf: false, pollMs: NEVER_MS },
  { name: 'found by polling alone', deaf: true, pollMs: 100 },
];

/** Most of the time of a style is spent waiting, so that a few run side by side, each in its own directory. */
const SIDE_BY_SIDE = 7;

/** Starts all, a few at a time. A failure is kept for the test that awaits it. */
function startAll(mode: Mode): ReadonlyMap<SaveStyle, Promise<void>> {
  const lanes: Promise<void>[] = [];
  const outcomes = STYLES.map((style, index): [SaveStyle, Promise<void>] => {
    const before = lanes[index % SIDE_BY_SIDE] ?? Promise.resolve();
    const outcome = before.then(() => runStyle(style, mode));
    lanes[index % SIDE_BY_SIDE] = outcome.catch(() => undefined);
    return [style, outcome];
  });
  return new Map(outcomes);
}

for (const mode of MODES) {
  describe(`save styles, ${mode.name}`, function () {
    this.timeout(60_000);
    let outcomes: ReadonlyMap<SaveStyle, Promise<void>>;

    before(() => {
      outcomes = startAll(mode);
    });

    for (const style of STYLES) {
      it(`${style.name} ${style.silent ? 'is silent' : 'hands over its outcome'}`, async () => {
        await outcomes.get(style);
      });
    }
  });
}
