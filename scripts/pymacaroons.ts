// Installs pymacaroons, the implementation of macaroons that tests compare ours with, once into .cache.
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE } from './paths.ts';

const run = promisify(execFile);

const PACKAGES = ['pymacaroons==0.13.0', 'PyNaCl==1.6.2', 'six==1.17.0'];

/** A Python with pymacaroons: the program and what its environment needs. @throws an Error that says what to do. */
export async function ensurePymacaroons(): Promise<{ readonly python: string; readonly path: string }> {
  const python = process.env['PYTHON'] ?? 'python3';
  const directory = join(CACHE, 'pymacaroons-0.13.0');
  if (await isThere(directory)) return { python, path: directory };
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, 'installing-'));
  try {
    await run(python, ['-m', 'pip', 'install', '-q', '--target', staging, ...PACKAGES]);
    await rename(staging, directory).catch(async (thrown: unknown) => {
      if (!(await isThere(directory))) throw thrown;
    });
  } catch (thrown) {
    throw new Error('pymacaroons could not be installed: Python 3 with pip is needed', { cause: thrown });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return { python, path: directory };
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
