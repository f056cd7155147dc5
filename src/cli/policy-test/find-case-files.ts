import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { AuthplaneError, messageOf } from '../../platform/errors.ts';

/** A file of cases with its text. The path is relative to the directory that was given. */
export interface CaseText {
  readonly path: string;
  readonly text: string;
}

/** All `*.yaml` and `*.yml` files below a directory, sorted, or the one file. @throws AuthplaneError SETTINGS_INVALID when there is none. */
export async function findCaseFiles(path: string): Promise<readonly CaseText[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ path, text: await readFile(path, 'utf8') }];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries
      .filter(entry => entry.isFile() && /\.ya?ml$/.test(entry.name))
      .map(entry => join(entry.parentPath, entry.name))
      .sort();
    if (files.length === 0) throw new Error('there is no file of cases (*.yaml)');
    return await Promise.all(
      files.map(async file => ({ path: relative(path, file), text: await readFile(file, 'utf8') })),
    );
  } catch (thrown) {
    throw new AuthplaneError('SETTINGS_INVALID', `${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
