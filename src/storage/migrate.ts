import { AuthplaneError } from '../platform/errors.ts';
import type { Database, Queryable } from './database.ts';
import type { Migration } from './migrations.ts';

/** A migration and whether the database has it. */
export interface MigrationStatus {
  readonly version: number;
  readonly name: string;
  /** Undefined: not yet. */
  readonly appliedAt: Date | undefined;
}

/** Number of the advisory lock that one process at a time migrates under. */
const LOCK = 4_015_220_233;

/**
 * Brings the schema to that of `migrations`. Safe from several processes at once.
 * @returns the migrations that were applied now.
 * @throws AuthplaneError SCHEMA_MISMATCH before anything is touched, when the database has migrations that are unknown here (a newer authplane
 *   made them) or that had another content.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  return database.transaction(async inside => {
    await inside.query('select pg_advisory_xact_lock($1)', [LOCK]);
    const applied = await appliedMigrations(inside);
    assertKnown(applied, migrations);
    const pending = migrations.slice(applied.length);
    if (pending.length > 0) await inside.script(BOOKKEEPING);
    for (const { version, name, sql, checksum } of pending) {
      await inside.script(sql);
      await inside.query(
        'insert into authplane.schema_migration (version, name, checksum) values ($1, $2, $3)',
        [version, name, checksum],
      );
    }
    return pending;
  });
}

/** Every migration, with when it was applied. @throws AuthplaneError SCHEMA_MISMATCH as `migrate`. */
export async function migrationStatus(
  database: Database,
  migrations: readonly Migration[],
): Promise<readonly MigrationStatus[]> {
  const applied = await appliedMigrations(database);
  assertKnown(applied, migrations);
  return migrations.map(({ version, name }) => {
    const appliedAt = applied.find(row => row.version === version)?.appliedAt;
    return { version, name, appliedAt };
  });
}

/** @throws AuthplaneError SCHEMA_MISMATCH when the schema is not exactly that of `migrations`. */
export async function assertMigrated(database: Database, migrations: readonly Migration[]): Promise<void> {
  const missing = (await migrationStatus(database, migrations)).find(
    ({ appliedAt }) => appliedAt === undefined,
  );
  if (missing === undefined) return;
  const { version, name } = missing;
  const message = `the database lacks migration ${version} (${name}); run authplane db migrate`;
  throw new AuthplaneError('SCHEMA_MISMATCH', message);
}

interface Applied {
  readonly version: number;
  readonly checksum: string;
  readonly appliedAt: Date;
}

const BOOKKEEPING = `
create schema if not exists authplane;
create table if not exists authplane.schema_migration (
  version    integer primary key,
  name       text not null,
  checksum   text not null,
  applied_at timestamptz not null default now()
);`;

async function appliedMigrations(database: Queryable): Promise<readonly Applied[]> {
  const [found] = await database.query(`select to_regclass('authplane.schema_migration')::text as name`);
  if (typeof found?.['name'] !== 'string') return [];
  const rows = await database.query(
    'select version, checksum, applied_at from authplane.schema_migration order by version',
  );
  return rows.map(row => ({
    version: row['version'] as number,
    checksum: row['checksum'] as string,
    appliedAt: row['applied_at'] as Date,
  }));
}

function assertKnown(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const { version, checksum } of applied) {
    const known = migrations[version - 1];
    if (known === undefined) {
      const message = `the database has migration ${version}, this authplane knows ${migrations.length}: a newer one made it`;
      throw new AuthplaneError('SCHEMA_MISMATCH', message);
    }
    if (known.checksum !== checksum) {
      const message = `migration ${version} (${known.name}) was applied with another content than this authplane has`;
      throw new AuthplaneError('SCHEMA_MISMATCH', message);
    }
  }
}
