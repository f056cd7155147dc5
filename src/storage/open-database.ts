import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from './database.ts';
import { assertMigrated, migrate } from './migrate.ts';
import { readMigrations, type Migration } from './migrations.ts';
import { openPglite } from './pglite-database.ts';
import { openPostgres } from './postgres-database.ts';

export interface DatabaseOptions {
  /** Of a PostgreSQL server; undefined: the embedded one. */
  readonly url: string | undefined;
  /** Of the embedded database. */
  readonly directory: string;
}

/** Opens the database, whatever its schema. @throws AuthplaneError DATABASE_UNUSABLE for the embedded one; a server is asked only when it is used. */
export async function openDatabase({ url, directory }: DatabaseOptions, clock: Clock): Promise<Database> {
  return url === undefined ? openPglite(directory) : openPostgres({ url }, clock);
}

/**
 * The database with the newest schema: before its first use it is brought to that, or, without `mayMigrate`, it is checked that it is. A server that is away then
 * is tried again at the next use. Every method also throws AuthplaneError SCHEMA_MISMATCH.
 */
export function withSchema(database: Database, mayMigrate: boolean): Database {
  let ready: Promise<void> | undefined;
  const ensure = (): Promise<void> => {
    ready ??= prepare(database, mayMigrate).catch((thrown: unknown) => {
      ready = undefined;
      throw thrown;
    });
    return ready;
  };
  return {
    kind: database.kind,
    query: async (sql, values) => {
      await ensure();
      return database.query(sql, values);
    },
    script: async sql => {
      await ensure();
      await database.script(sql);
    },
    transaction: async <T>(run: (inside: Queryable) => Promise<T>) => {
      await ensure();
      return database.transaction(run);
    },
    listen: (channel, onNotice) => database.listen(channel, onNotice),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

async function prepare(database: Database, mayMigrate: boolean): Promise<void> {
  const migrations: readonly Migration[] = await readMigrations();
  if (mayMigrate) await migrate(database, migrations);
  else await assertMigrated(database, migrations);
}
