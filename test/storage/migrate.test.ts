import { expect } from 'chai';
import { AuthplaneError } from '../../src/platform/errors.ts';
import type { Database } from '../../src/storage/database.ts';
import { assertMigrated, migrate, migrationStatus } from '../../src/storage/migrate.ts';
import { readMigrations, type Migration } from '../../src/storage/migrations.ts';
import { DATABASE_KINDS, DATABASE_TIMEOUT_MS, emptyDatabase } from '../support/databases.ts';

const FIRST: Migration = {
  version: 1,
  name: 'one',
  sql: 'create table authplane.one (id integer); insert into authplane.one values (1);',
  checksum: 'a',
};
const SECOND: Migration = {
  version: 2,
  name: 'two',
  sql: 'create table authplane.two (id integer)',
  checksum: 'b',
};

async function refusalOf(work: Promise<unknown>): Promise<AuthplaneError> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof AuthplaneError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

async function countOf(database: Database, table: string): Promise<unknown> {
  const [row] = await database.query(`select count(*)::int as n from authplane.${table}`);
  return row?.['n'];
}

for (const kind of DATABASE_KINDS) {
  describe(`migrate on ${kind}`, function () {
    this.timeout(DATABASE_TIMEOUT_MS);

    it('applies what is missing, once and in order', async () => {
      await using database = await emptyDatabase(kind);
      expect(await migrate(database, [FIRST])).to.deep.equal([FIRST]);
      expect(await migrate(database, [FIRST, SECOND])).to.deep.equal([SECOND]);
      expect(await migrate(database, [FIRST, SECOND])).to.deep.equal([]);
      expect(await countOf(database, 'one')).to.equal(1);
      const status = await migrationStatus(database, [FIRST, SECOND]);
      expect(status.every(({ appliedAt }) => appliedAt instanceof Date)).to.equal(true);
    });

    it('applies a migration as a whole or not at all', async () => {
      await using database = await emptyDatabase(kind);
      const broken = { ...SECOND, sql: 'create table authplane.two (id integer); select 1/0;' };
      const { code } = await refusalOf(migrate(database, [FIRST, broken]));
      expect(code).to.equal('DATABASE_REFUSED');
      const status = await migrationStatus(database, [FIRST, SECOND]);
      expect(status.map(({ appliedAt }) => appliedAt)).to.deep.equal([undefined, undefined]);
    });

    it('refuses a schema that a newer authplane has made', async () => {
      await using database = await emptyDatabase(kind);
      await migrate(database, [FIRST, SECOND]);
      const refused = await refusalOf(migrate(database, [FIRST]));
      expect(refused.code).to.equal('SCHEMA_MISMATCH');
      expect(refused.message).to.equal(
        'the database has migration 2, this authplane knows 1: a newer one made it',
      );
    });

    it('refuses a migration that was applied with another content', async () => {
      await using database = await emptyDatabase(kind);
      await migrate(database, [FIRST]);
      const refused = await refusalOf(migrate(database, [{ ...FIRST, checksum: 'x' }, SECOND]));
      expect(refused.code).to.equal('SCHEMA_MISMATCH');
      expect(await refusalOf(Promise.resolve(countOf(database, 'two'))).then(({ code }) => code)).to.equal(
        'DATABASE_REFUSED',
      );
    });

    it('says which migration is missing', async () => {
      await using database = await emptyDatabase(kind);
      await migrate(database, [FIRST]);
      const { message } = await refusalOf(assertMigrated(database, [FIRST, SECOND]));
      expect(message).to.equal('the database lacks migration 2 (two); run authplane db migrate');
    });

    it('takes turns with another that migrates at the same time', async () => {
      await using database = await emptyDatabase(kind);
      const all = await Promise.all([1, 2, 3].map(() => migrate(database, [FIRST, SECOND])));
      expect(all.flat()).to.deep.equal([FIRST, SECOND]);
    });

    it('applies the migrations of this authplane', async () => {
      await using database = await emptyDatabase(kind);
      const migrations = await readMigrations();
      expect(await migrate(database, migrations)).to.have.length(migrations.length);
      await assertMigrated(database, migrations);
    });
  });
}
