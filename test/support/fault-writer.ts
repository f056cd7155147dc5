import { execFile } from 'node:child_process';
import {
  copyFile,
  cp,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Writes `text` in place with pauses between the pieces: a writer that stalls. The file is truncated first. */
export async function writeInPieces(path: string, pieces: readonly string[], stallMs: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await pause(stallMs);
      await file.writeFile(piece);
      await file.datasync();
    }
  } finally {
    await file.close();
  }
}

/** vim `:w` with `backup`: probe file 4913, swap file, original renamed to `~`, new file written, swap removed. */
export async function saveLikeVim(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  const swap = join(directory, `.${basename(path)}.swp`);
  await writeFile(swap, 'b0VIM');
  await writeFile(join(directory, '4913'), '');
  await unlink(join(directory, '4913'));
  await rename(path, `${path}~`);
  await writeInPieces(path, [text], 0);
  await unlink(swap);
}

/** nano, `>`, most editors on Windows shares: truncated and written in place. */
export async function saveInPlace(path: string, text: string): Promise<void> {
  await writeInPieces(path, [text], 0);
}

/** Written beside and renamed over: vim `backupcopy=no`, VS Code, Ansible, most libraries. */
export async function saveByRename(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `${basename(path)}.${process.pid}.tmp`);
  await writeInPieces(temporary, [text], 0);
  await rename(temporary, path);
}

/** `cp other path`: the target keeps its inode. */
export async function saveByCopy(path: string, text: string): Promise<void> {
  const source = join(dirname(path), `.${basename(path)}.source`);
  await writeFile(source, text);
  await copyFile(source, path);
  await rm(source);
}

/** Emacs: original renamed to `~`, then written anew, `gapMs` later. */
export async function saveByBackup(path: string, text: string, gapMs: number): Promise<void> {
  await rename(path, `${path}~`);
  await pause(gapMs);
  await writeFile(path, text);
}

/** Removed and written again `gapMs` later. */
export async function saveByRecreation(path: string, text: string, gapMs: number): Promise<void> {
  await rm(path);
  await pause(gapMs);
  await writeFile(path, text);
}

/** rsync: each file to `.name.XXXXXX` beside its target, times set, then renamed; `delayed` renames all at the end. */
export async function saveLikeRsync(
  directory: string,
  files: Readonly<Record<string, string>>,
  delayed: boolean,
): Promise<void> {
  const renames: (readonly [string, string])[] = [];
  for (const [name, text] of Object.entries(files)) {
    const target = join(directory, name);
    await mkdir(dirname(target), { recursive: true });
    const temporary = join(dirname(target), `.${basename(name)}.Xq3vZ1`);
    await writeFile(temporary, text);
    if (delayed) renames.push([temporary, target]);
    else await rename(temporary, target);
  }
  for (const [from, to] of renames) await rename(from, to);
}

/**
 * A kubelet's volume: `..<generation>/files`, `..data` a link to it that is swapped by rename, and beside it one link
 * for each file, through `..data`. The generation before is removed at the end.
 */
export class ConfigMapVolume {
  readonly #directory: string;
  #generation = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async publish(files: Readonly<Record<string, string>>): Promise<void> {
    const before = `..2026_${this.#generation}`;
    this.#generation += 1;
    const current = `..2026_${this.#generation}`;
    await mkdir(join(this.#directory, current));
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(this.#directory, current, name), text);
    }
    await symlink(current, join(this.#directory, '..data_tmp'));
    await rename(join(this.#directory, '..data_tmp'), join(this.#directory, '..data'));
    for (const name of Object.keys(files)) {
      await symlink(join('..data', name), join(this.#directory, name)).catch(ignoreExisting);
    }
    await rm(join(this.#directory, before), { recursive: true, force: true });
  }
}

function ignoreExisting(thrown: unknown): void {
  if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
}

/** A copy of the directory with one file changed takes its place by two renames, `gapMs` apart. */
export async function swapDirectory(
  directory: string,
  name: string,
  text: string,
  gapMs: number,
): Promise<void> {
  await cp(directory, `${directory}.new`, { recursive: true, verbatimSymlinks: true });
  await writeFile(join(`${directory}.new`, name), text);
  await rename(directory, `${directory}.old`);
  await pause(gapMs);
  await rename(`${directory}.new`, directory);
  await rm(`${directory}.old`, { recursive: true });
}

/** Points a link to another target atomically, as Capistrano and `ln -sfn` with `mv -T` do. */
export async function repointLink(link: string, target: string): Promise<void> {
  await symlink(target, `${link}.next`);
  await rename(`${link}.next`, link);
}

/** New content of the same length under the old mtime and, with a rename, also another inode (Nix, OSTree). */
export async function replaceKeepingTimes(path: string, text: string): Promise<void> {
  const { atime, mtime, size } = await stat(path);
  if (Buffer.byteLength(text) !== size) throw new Error('the new text must have the length of the old');
  await writeFile(path, text);
  await utimes(path, atime, mtime);
}

/** Only the times change. */
export async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

/** The same bytes are written again, in place. */
export async function saveSameContent(path: string): Promise<void> {
  await writeFile(path, await readFile(path));
}

/** git in `directory`, away from the configuration of whoever runs the tests. */
export async function git(directory: string, ...args: readonly string[]): Promise<void> {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'core.autocrlf=false'];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  await run('git', [...identity, ...args], { cwd: directory, env });
}
