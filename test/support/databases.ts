import { after } from 'mocha';
import { systemClock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { readMigrations } from '../../src/storage/migrations.ts';
import { openPgliteInMemory } from '../../src/storage/pglite-database.ts';
import { openPostgres } from '../../src/storage/postgres-database.ts';
import { PostgresServer } from './postgres-server.ts';

export type DatabaseKind = Database['kind'];

/** What tests of storage loop over. */
export const DATABASE_KINDS: readonly DatabaseKind[] = ['pglite', 'postgres'];

/** Long enough for the first use in a run, which starts the engine. */
export const DATABASE_TIMEOUT_MS = 60_000;

let pglite: Promise<Database> | undefined;
let postgres: Promise<PostgresServer> | undefined;

after(async () => {
  await (await pglite)?.[Symbol.asyncDispose]();
  await (await postgres)?.[Symbol.asyncDispose]();
});

/** The server that all tests of a run share. */
export function sharedPostgres(): Promise<PostgresServer> {
  postgres ??= PostgresServer.start();
  return postgres;
}

/** A database without any schema of ours; `await using` gives it back. PGlite's is one for the run, so one test has it at a time. */
export async function emptyDatabase(kind: DatabaseKind): Promise<Database> {
  if (kind === 'postgres')
    return openPostgres({ url: await (await sharedPostgres()).createDatabase() }, systemClock);
  pglite ??= openPgliteInMemory();
  const shared = await pglite;
  await shared.script('drop schema if exists authplane cascade');
  return { ...shared, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** A database with the newest schema and nothing in it. */
export async function migratedDatabase(kind: DatabaseKind): Promise<Database> {
  const database = await emptyDatabase(kind);
  await migrate(database, await readMigrations());
  return database;
}
