import { randomBytes } from 'node:crypto';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuthplaneError, type ErrorCode } from './errors.ts';
import { TEMPORARY_SUFFIX } from './atomic-file.ts';
import { readIfThere } from './read-if-there.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** The right of one process to write to a directory. */
export interface DirectoryLock {
  /** @throws AuthplaneError with the code of the directory when another process has taken the lock over. */
  assertHeld(): Promise<void>;
  /** Gives the lock back. */
  release(): Promise<void>;
}

interface LockRecord extends ProcessIdentity {
  /** Tells two locks of one process apart. */
  readonly token: string;
}

/** A directory that is locked, and how it is told that it is in use. */
export interface LockedDirectory {
  readonly path: string;
  /** Code of the errors. */
  readonly code: ErrorCode;
  /** For messages, such as `the state directory`. */
  readonly title: string;
  /** What to do when another process has it. */
  readonly advice: string;
}

const FILE_NAME = 'lock';
/** Each attempt loses only to another process that took or gave back the lock at the same moment. */
const MAX_ATTEMPTS = 5;

/**
 * Takes the lock of a directory; one left behind by a process that has ended is taken over.
 * @throws AuthplaneError with the code of the directory when a running process has it; what the file system says otherwise.
 */
export async function acquireDirectoryLock(directory: LockedDirectory): Promise<DirectoryLock> {
  const path = join(directory.path, FILE_NAME);
  const own: LockRecord = { ...ownIdentity(), token: randomBytes(12).toString('hex') };
  await takeLock(directory, path, own);
  return {
    assertHeld: async () => {
      const holder = parseRecord(await readIfThere(path));
      if (holder?.token === own.token) return;
      if (holder !== undefined) throw inUse(directory, holder);
      // Something tidied up.
      await takeLock(directory, path, own);
    },
    release: async () => {
      if (parseRecord(await readIfThere(path))?.token === own.token) await rm(path, { force: true });
    },
  };
}

async function takeLock(directory: LockedDirectory, path: string, own: LockRecord): Promise<void> {
  const temporary = join(directory.path, `.${FILE_NAME}.${own.token}${TEMPORARY_SUFFIX}`);
  await writeFile(temporary, JSON.stringify(own), { mode: 0o600, flag: 'wx' });
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await tryLink(temporary, path)) return;
      if (await replaceStale(directory, path, temporary)) return;
    }
  } finally {
    await rm(temporary, { force: true });
  }
  throw new AuthplaneError(
    directory.code,
    `the lock of ${directory.title} ${directory.path} keeps changing hands`,
  );
}

/** A link is made with its content, so nobody ever reads half a lock. */
async function tryLink(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (thrown) {
    if (hasCode(thrown, 'EEXIST')) return false;
    throw thrown;
  }
}

/**
 * Puts the own lock in the place of a stale one. A second file admits one process at a time to that, or two that found
 * the same stale lock would each remove the other's. False when the situation has changed.
 */
async function replaceStale(directory: LockedDirectory, path: string, temporary: string): Promise<boolean> {
  if (!(await isStale(directory, path))) return false;
  const takeover = `${path}-takeover`;
  if (!(await tryLink(temporary, takeover))) {
    if (await isStale(directory, takeover)) await rm(takeover, { force: true });
    return false;
  }
  try {
    if (!(await isStale(directory, path))) return false;
    await rename(temporary, path);
    return true;
  } finally {
    await rm(takeover, { force: true });
  }
}

/**
 * False when there is no lock.
 * @throws AuthplaneError with the code of the directory when a running process has it.
 */
async function isStale(directory: LockedDirectory, path: string): Promise<boolean> {
  const bytes = await readIfThere(path);
  const holder = parseRecord(bytes);
  if (holder !== undefined && isRunning(holder)) throw inUse(directory, holder);
  return bytes !== undefined;
}

/** Undefined for what no authplane wrote: such a file locks nothing. */
function parseRecord(bytes: Buffer | undefined): LockRecord | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, startTicks, bootId, host, token } = value as Partial<Record<keyof LockRecord, unknown>>;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined;
    if (typeof host !== 'string' || typeof token !== 'string') return undefined;
    return { pid, startTicks: textOf(startTicks), bootId: textOf(bootId), host, token };
  } catch {
    // Not JSON, so not ours.
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}

function inUse({ path, code, title, advice }: LockedDirectory, { pid, host }: LockRecord): AuthplaneError {
  return new AuthplaneError(
    code,
    `${title} ${path} is used by another authplane (pid ${pid} on ${host}); ${advice}`,
  );
}
