import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PGlite, Transaction } from '@electric-sql/pglite';
import { acquireDirectoryLock } from '../platform/directory-lock.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { databaseError } from './database-error.ts';
import type { Database, Queryable, Row, SqlValue } from './database.ts';

/** Making a database takes seconds and, for that time, 800 MB: a process of its own gives them back. */
const INIT_PROGRAM = fileURLToPath(new URL('pglite-init.ts', import.meta.url));
const INIT_TIMEOUT_MS = 120_000;
const DATA = 'data';
const STAGING = 'making-';

/**
 * The embedded PostgreSQL in a directory, which is made when it is not there (mode 0700). The lock is ours: PGlite lets a second process open the
 * directory, and then loses rows.
 * @throws AuthplaneError DATABASE_UNUSABLE when another running process has it, or when it cannot be made or opened.
 */
export async function openPglite(directory: string): Promise<Database> {
  await using opening = new AsyncDisposableStack();
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const lock = await acquireDirectoryLock({
      path: directory,
      code: 'DATABASE_UNUSABLE',
      title: 'the database',
      advice: 'ask that one, stop it, or use PostgreSQL (--database-url)',
    });
    opening.defer(() => lock.release());
    await ensureData(directory);
    const { PGlite: Engine } = await import('@electric-sql/pglite');
    const engine = await Engine.create({ dataDir: join(directory, DATA) });
    opening.defer(() => engine.close());
    return databaseOn(engine, opening.move());
  } catch (thrown) {
    if (thrown instanceof AuthplaneError) throw thrown;
    const message = `cannot use the database in ${directory}: ${messageOf(thrown)}`;
    throw new AuthplaneError('DATABASE_UNUSABLE', message, { cause: thrown });
  }
}

/** A database in memory, gone when it is closed: for tests and for trying something out. */
export async function openPgliteInMemory(): Promise<Database> {
  const { PGlite: Engine } = await import('@electric-sql/pglite');
  const engine = await Engine.create();
  const closing = new AsyncDisposableStack();
  closing.defer(() => engine.close());
  return databaseOn(engine, closing);
}

/** Made beside its place and renamed: what a crash leaves behind is never taken for a database. */
async function ensureData(directory: string): Promise<void> {
  const data = join(directory, DATA);
  if (await stat(data).catch(() => undefined)) return;
  for (const name of await readdir(directory)) {
    if (name.startsWith(STAGING)) await rm(join(directory, name), { recursive: true, force: true });
  }
  const staging = await mkdtemp(join(directory, STAGING));
  await promisify(execFile)(process.execPath, [INIT_PROGRAM, staging], { timeout: INIT_TIMEOUT_MS });
  await rename(staging, data);
}

function databaseOn(engine: PGlite, closing: AsyncDisposableStack): Database {
  return {
    kind: 'pglite',
    ...queryableOn(engine),
    transaction: run => transaction(engine, run),
    listen: async (channel, onNotice) => {
      const stop = await engine.listen(channel, onNotice);
      return { [Symbol.asyncDispose]: () => stop() };
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

function queryableOn(runner: Pick<PGlite | Transaction, 'query' | 'exec'>): Queryable {
  return {
    query: async (sql: string, values: readonly SqlValue[] = []) => {
      try {
        return (await runner.query<Row>(sql, [...values])).rows;
      } catch (thrown) {
        throw databaseError(thrown);
      }
    },
    script: async sql => {
      try {
        await runner.exec(sql);
      } catch (thrown) {
        throw databaseError(thrown);
      }
    },
  };
}

async function transaction<T>(engine: PGlite, run: (inside: Queryable) => Promise<T>): Promise<T> {
  try {
    return await engine.transaction(inside => run(queryableOn(inside)));
  } catch (thrown) {
    throw sqlFailure(thrown);
  }
}

/** What `run` throws goes through as it is; what the engine says about its own begin and commit becomes ours. */
function sqlFailure(thrown: unknown): unknown {
  return thrown instanceof Error && 'severity' in thrown ? databaseError(thrown) : thrown;
}
