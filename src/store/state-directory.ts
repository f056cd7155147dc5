import { lstat, chmod, mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { acquireDirectoryLock } from '../platform/directory-lock.ts';

/** The directory in which one process keeps what a restart should find. Disposing gives it back. */
export interface StateDirectory extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
  /**
   * Makes a directory in it that nobody else can read (mode 0700), and returns its path.
   * @throws AuthplaneError STATE_DIR_UNUSABLE.
   */
  privateDirectory(name: string): Promise<string>;
  /** @throws AuthplaneError STATE_DIR_UNUSABLE when another process has taken the directory over. */
  assertHeld(): Promise<void>;
}

const GROUP_AND_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o002;
const STICKY = 0o1000;

/**
 * Makes the directory if it is not there (mode 0700) and takes its lock.
 * @throws AuthplaneError STATE_DIR_UNUSABLE when it cannot be made or written, when every user may write to it,
 *   or when another running process has it.
 */
export async function openStateDirectory(directory: string): Promise<StateDirectory> {
  const path = resolve(directory);
  return guard(path, async () => {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const { mode } = await stat(path);
    if ((mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0) {
      throw new AuthplaneError(
        'STATE_DIR_UNUSABLE',
        `every user may write to the state directory ${path}, so its content could be exchanged: chmod o-w ${path}`,
      );
    }
    const lock = await acquireDirectoryLock({
      path,
      code: 'STATE_DIR_UNUSABLE',
      title: 'the state directory',
      advice: 'give each its own --state-dir',
    });
    return {
      path,
      privateDirectory: name => guard(path, () => makePrivate(join(path, name))),
      assertHeld: () => guard(path, () => lock.assertHeld()),
      [Symbol.asyncDispose]: () => guard(path, () => lock.release()),
    };
  });
}

async function makePrivate(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const status = await lstat(path);
  if (!status.isDirectory()) throw new AuthplaneError('STATE_DIR_UNUSABLE', `${path} is not a directory`);
  const owner = process.getuid?.();
  if (owner !== undefined && owner !== 0 && status.uid !== owner) {
    throw new AuthplaneError('STATE_DIR_UNUSABLE', `${path} belongs to another user`);
  }
  // It may come from a copy or a backup that lost the mode.
  if ((status.mode & GROUP_AND_OTHERS) !== 0) await chmod(path, 0o700);
  return path;
}

async function guard<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof AuthplaneError) throw thrown;
    const message = `cannot use the state directory ${path}: ${messageOf(thrown)}`;
    throw new AuthplaneError('STATE_DIR_UNUSABLE', message, { cause: thrown });
  }
}
