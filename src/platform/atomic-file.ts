import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** How the name of a file ends that is not complete yet. */
export const TEMPORARY_SUFFIX = '.tmp';

/**
 * Replaces a file so that a reader, and a machine that loses power, has the old or the new bytes, never a part: writes a
 * temporary file beside it, flushes it, renames it, flushes the directory. `mode` holds whatever the umask is.
 * @throws what the file system says; the temporary file is removed then.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const directory = dirname(path);
  const suffix = `${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`;
  const temporary = join(directory, `.${basename(path)}.${suffix}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.chmod(mode);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
  await syncDirectory(directory);
}

/** Makes renames and removals in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
