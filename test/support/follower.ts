import { Loader, type LoaderOptions, type LoaderParts } from '../../src/loader/loader.ts';
import type { Trigger } from '../../src/loader/source-machine.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { FileWatcher } from '../../src/platform/watch-files.ts';
import type { SourceTree } from '../../src/resources/source-tree.ts';
import { waitFor } from './wait-for.ts';

/** A watcher that never says anything: what is left is polling. */
export const deafWatcher: LoaderParts['watcher'] = {
  watch: () => ({ [Symbol.dispose]: () => undefined }),
  rearm: () => undefined,
  isDegraded: false,
};

/** Every whole text in these tests ends so; one that does not is a piece. */
export const END = '# end\n';

/** A loader with everything it said, in order. */
export class Follower implements AsyncDisposable {
  readonly trees: SourceTree[] = [];
  readonly rescans: { readonly trigger: Trigger; readonly changed: boolean }[] = [];
  readonly settled: string[] = [];
  readonly failures: unknown[] = [];
  readonly unstable: number[] = [];
  scans = 0;
  readonly loader: Loader;

  constructor(watcher: LoaderParts['watcher'], options: LoaderOptions, parts: Partial<LoaderParts> = {}) {
    this.loader = new Loader(
      {
        watcher,
        clock: systemClock,
        observer: {
          rescanned: rescan => void this.rescans.push(rescan),
          scanned: () => void (this.scans += 1),
          settling: ({ reason }) => void this.settled.push(reason),
          unstable: ({ forMs }) => void this.unstable.push(forMs),
          failed: thrown => void this.failures.push(thrown),
        },
        assetPathsOf: () => [],
        inspect: tree => (tree.files.every(file => file.text.endsWith(END)) ? 'clean' : 'broken'),
        onTree: tree => void this.trees.push(tree),
        ...parts,
      },
      options,
    );
  }

  /** Path to text of the tree handed over last. */
  get files(): Readonly<Record<string, string>> {
    return filesOf(this.trees.at(-1));
  }

  /** Resolves when the files handed over last are these. */
  async reaches(files: Readonly<Record<string, string>>, timeoutMs?: number): Promise<void> {
    const wanted = canonical(files);
    await waitFor(`the tree ${wanted.slice(0, 200)}`, () => canonical(this.files) === wanted, timeoutMs);
  }

  /** Resolves when nothing is left to be handed over: a look begun after the call has ended. */
  async quiesces(): Promise<void> {
    const before = this.rescans.length;
    this.loader.rescan('api');
    await waitFor('a look', () => this.rescans.slice(before).some(rescan => rescan.trigger === 'api'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.loader.stop();
  }
}

export function filesOf(tree: SourceTree | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(tree?.files.map(file => [file.path, file.text]) ?? []);
}

function canonical(files: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Starts several followers of one directory on one watcher. */
export async function follow(
  watcher: FileWatcher | LoaderParts['watcher'],
  options: LoaderOptions,
  count: number,
): Promise<Follower[]> {
  const followers = Array.from({ length: count }, () => new Follower(watcher, options));
  await Promise.all(followers.map(follower => follower.loader.start()));
  return followers;
}
