import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLogger } from '../../src/platform/log.ts';
import {
  FileWatcher,
  type DirectoryWatcher,
  type FileWatcherObserver,
  type FileWatcherOptions,
} from '../../src/platform/watch-files.ts';
import { repointLink } from '../support/fault-writer.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

/** What a watcher told its observer. */
class Told implements FileWatcherObserver {
  hints = 0;
  readonly sizes: number[] = [];
  readonly degradations: boolean[] = [];

  hinted(): void {
    this.hints += 1;
  }
  watching(directories: number): void {
    this.sizes.push(directories);
  }
  degraded(isDegraded: boolean): void {
    this.degradations.push(isDegraded);
  }
}

/** A watcher that is closed at the end of the test, with what it told. */
function open(options: FileWatcherOptions = {}): { watcher: FileWatcher; told: Told } & AsyncDisposable {
  const told = new Told();
  const watcher = new FileWatcher({ log: createLogger('silent'), observer: told }, options);
  return { watcher, told, [Symbol.asyncDispose]: () => watcher.close() };
}

/** Counts hints; `next` does something and resolves when a hint came after it. */
class Ear {
  hints = 0;
  readonly hear = (): void => void (this.hints += 1);

  async next(what: string, act: () => Promise<unknown>): Promise<void> {
    const before = this.hints;
    await act();
    await waitFor(`a hint of ${what}`, () => this.hints > before);
  }
}

/** The hint that every subscriber gets when its directories are armed. */
async function armed(ear: Ear): Promise<void> {
  await waitFor('the watcher to be armed', () => ear.hints > 0);
}

function rearm(watcher: FileWatcher): Promise<void> {
  watcher.rearm();
  return Promise.resolve();
}

/** A factory of stand-ins that notes them in `opened`. */
function fake(opened: FakeDirectoryWatcher[]): FileWatcherOptions {
  return {
    open: () => {
      const watcher = new FakeDirectoryWatcher();
      opened.push(watcher);
      return watcher;
    },
  };
}

/** Stands in for chokidar: arms at once, and says what it is told to. */
class FakeDirectoryWatcher implements DirectoryWatcher {
  readonly added: string[] = [];
  closed = false;
  readonly listeners = new Map<string, (...args: never[]) => void>();

  add(directories: string[]): void {
    this.added.push(...directories);
    queueMicrotask(() => this.say('ready'));
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
  on(event: string, listener: (...args: never[]) => void): void {
    this.listeners.set(event, listener);
  }
  say(event: string, ...args: unknown[]): void {
    (this.listeners.get(event) as ((...args: unknown[]) => void) | undefined)?.(...args);
  }
}

describe('FileWatcher', () => {
  it('tells every subscriber of one directory of every change, four times over', async () => {
    await using root = await temporaryDirectory();
    await using opened = open();
    const ears = [new Ear(), new Ear()];
    for (const ear of ears) opened.watcher.watch([root.path], ear.hear);
    await Promise.all(ears.map(armed));
    for (let round = 0; round < 4; round += 1) {
      const file = join(root.path, 'a.yaml');
      const acts = [
        () => writeFile(file, String(round)),
        () => rename(file, `${file}~`),
        () => rename(`${file}~`, file),
        () => rm(file),
      ];
      for (const act of acts) {
        const before = ears.map(ear => ear.hints);
        await act();
        await waitFor('a hint for both', () => ears.every((ear, index) => ear.hints > (before[index] ?? 0)));
      }
    }
    expect(opened.told.sizes).to.deep.equal([1]);
  });

  it('hints of the swap of a Kubernetes volume each time', async () => {
    await using root = await temporaryDirectory();
    await using opened = open();
    await symlink('..0', join(root.path, '..data'));
    const ear = new Ear();
    opened.watcher.watch([{ directory: root.path, names: new Set(['..data']) }], ear.hear);
    await armed(ear);
    for (let round = 1; round <= 4; round += 1) {
      await ear.next('the swap', () => repointLink(join(root.path, '..data'), `..${round}`));
    }
  });

  it('is deaf to other names of a directory that is watched by name, and to what lies deeper', async () => {
    await using root = await temporaryDirectory();
    await using opened = open();
    await mkdir(join(root.path, 'deep'));
    const named = new Ear();
    const all = new Ear();
    opened.watcher.watch([{ directory: root.path, names: new Set(['a']) }], named.hear);
    opened.watcher.watch([root.path, { directory: root.path, names: new Set(['a']) }], all.hear);
    await Promise.all([armed(named), armed(all)]);
    const before = named.hints;
    await writeFile(join(root.path, 'deep/a'), '');
    await all.next('another name', () => writeFile(join(root.path, 'b'), ''));
    expect(named.hints).to.equal(before);
    await named.next('its name', () => writeFile(join(root.path, 'a'), ''));
  });

  it('joins the names that several targets give for one directory', async () => {
    await using root = await temporaryDirectory();
    await using opened = open();
    const ear = new Ear();
    const target = (name: string) => ({ directory: root.path, names: new Set([name]) });
    opened.watcher.watch([target('a'), target('b')], ear.hear);
    await armed(ear);
    await ear.next('a', () => writeFile(join(root.path, 'a'), ''));
    await ear.next('b', () => writeFile(join(root.path, 'b'), ''));
  });

  it('keeps a directory below another one that is no longer watched', async () => {
    await using root = await temporaryDirectory();
    await using opened = open();
    const deep = join(root.path, 'deep');
    await mkdir(deep);
    const ear = new Ear();
    const above = opened.watcher.watch([root.path], () => undefined);
    opened.watcher.watch([deep], ear.hear);
    await waitFor('two directories', () => opened.told.sizes.at(-1) === 2);
    above[Symbol.dispose]();
    await waitFor('one directory', () => opened.told.sizes.at(-1) === 1);
    await ear.next('a change', () => writeFile(join(deep, 'a'), ''));
  });

  it('watches a directory until its last subscriber has gone, and not again after', async () => {
    const opened: FakeDirectoryWatcher[] = [];
    await using files = open(fake(opened));
    const one = files.watcher.watch(['/a'], () => undefined);
    const two = files.watcher.watch(['/a', '/b'], () => undefined);
    await waitFor('arming', () => files.told.sizes.length === 1);
    one[Symbol.dispose]();
    files.watcher.watch(['/b'], () => undefined);
    await waitFor('calm', () => opened.length === 1);
    two[Symbol.dispose]();
    await waitFor('/a to be left', () => files.told.sizes.at(-1) === 1);
    expect(opened.map(({ added, closed }) => [added, closed])).to.deep.equal([
      [['/a', '/b'], true],
      [['/b'], false],
    ]);
  });

  it('waits for a directory that does not exist yet', async () => {
    await using root = await temporaryDirectory();
    await using opened = open();
    const ear = new Ear();
    const later = join(root.path, 'a/b');
    opened.watcher.watch([later], ear.hear);
    await armed(ear);
    await ear.next('its creation', () => mkdir(later, { recursive: true }));
    opened.watcher.rearm();
    await waitFor('arming', () => opened.told.sizes.length === 2);
    await ear.next('a file in it', () => writeFile(join(later, 'x'), ''));
  });

  it('hears a directory that took the place of another after rearm', async () => {
    await using root = await temporaryDirectory();
    await using opened = open();
    const directory = join(root.path, 'd');
    await mkdir(directory);
    const ear = new Ear();
    opened.watcher.watch([directory], ear.hear);
    await armed(ear);
    for (let round = 0; round < 4; round += 1) {
      await mkdir(`${directory}.new`);
      await rename(directory, `${directory}.old${round}`);
      await rename(`${directory}.new`, directory);
      await ear.next('rearming', () => rearm(opened.watcher));
      await ear.next('a change', () => writeFile(join(directory, 'a'), ''));
    }
  });

  it('degrades to polling when the system has no more watches, says so, and recovers on rearm', async () => {
    const opened: FakeDirectoryWatcher[] = [];
    await using files = open(fake(opened));
    const ear = new Ear();
    files.watcher.watch(['/a'], ear.hear);
    await armed(ear);
    for (const code of ['ENOSPC', 'EMFILE']) {
      opened[0]?.say('error', Object.assign(new Error(`${code}: watch`), { code }));
    }
    expect([files.watcher.isDegraded, files.told.degradations]).to.deep.equal([true, [true]]);
    await ear.next('rearming', () => rearm(files.watcher));
    expect([files.watcher.isDegraded, files.told.degradations]).to.deep.equal([false, [true, false]]);
  });

  it('survives a watcher that cannot be opened', async () => {
    await using files = open({
      open: () => {
        throw Object.assign(new Error('EMFILE: inotify_init'), { code: 'EMFILE' });
      },
    });
    const ear = new Ear();
    files.watcher.watch(['/a'], ear.hear);
    await armed(ear);
    expect(files.watcher.isDegraded).to.equal(true);
  });

  it('takes an event without a directory or a name for one that concerns everybody', async () => {
    const opened: FakeDirectoryWatcher[] = [];
    await using files = open(fake(opened));
    const ear = new Ear();
    files.watcher.watch([{ directory: '/a/b', names: new Set(['x']) }], ear.hear);
    await armed(ear);
    const heard = (...args: unknown[]): boolean => {
      const before = ear.hints;
      opened[0]?.say('raw', 'rename', ...args);
      return ear.hints > before;
    };
    expect(heard('x', { watchedPath: '/a/b' })).to.equal(true);
    expect(heard(null, { watchedPath: '/a/b' })).to.equal(true);
    expect(heard('y', undefined)).to.equal(true);
    expect(heard('b', { watchedPath: '/a' })).to.equal(true);
    expect(heard('y', { watchedPath: '/a/b' })).to.equal(false);
    expect(heard('x', { watchedPath: '/c' })).to.equal(false);
  });

  it('says nothing after it was closed, also while it is arming', async () => {
    await using root = await temporaryDirectory();
    const { watcher } = open();
    const ear = new Ear();
    watcher.watch([root.path], ear.hear);
    await watcher.close();
    await writeFile(join(root.path, 'a'), '');
    watcher.watch([root.path], ear.hear);
    watcher.rearm();
    await watcher.close();
    expect(ear.hints).to.equal(0);
  });
});
