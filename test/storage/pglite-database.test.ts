import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openPglite } from '../../src/storage/pglite-database.ts';
import { Child } from '../../scripts/child-process.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import { DATABASE_TIMEOUT_MS } from '../support/databases.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

describe('openPglite', function () {
  this.timeout(DATABASE_TIMEOUT_MS);

  it('finds again what was written, removes what a crash left of a first start, and refuses a second process', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'database');
    await mkdir(join(path, 'making-abc'), { recursive: true });
    await writeFile(join(path, 'making-abc', 'PG_VERSION'), '18');
    {
      await using database = await openPglite(path);
      await database.script('create table kept (n integer); insert into kept values (7)');
      expect((await readdir(path)).sort()).to.deep.equal(['data', 'lock']);
      const refused = await openPglite(path).catch((thrown: unknown) => thrown);
      expect(refused).to.include({ code: 'DATABASE_UNUSABLE' });
      expect(String(refused)).to.match(/the database .* is used by another authplane \(pid \d+/);
    }
    await using database = await openPglite(path);
    expect(await database.query('select n from kept')).to.deep.equal([{ n: 7 }]);
  });

  it('has every acknowledged row after its process was killed', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'database');
    const program = `
      import { openPglite } from ${JSON.stringify(join(REPOSITORY, 'src/storage/pglite-database.ts'))};
      const database = await openPglite(${JSON.stringify(path)});
      await database.script('create table counted (n integer)');
      for (let n = 1; ; n++) {
        await database.query('insert into counted values ($1)', [n]);
        process.stdout.write(n + '\\n');
      }`;
    const child = Child.start(process.execPath, ['--input-type=module-typescript', '--eval', program]);
    await waitFor('200 rows', () => child.stdout.length >= 200, 30_000).finally(() => child.stop('SIGKILL'));
    const acknowledged = Number(child.stdout.at(-1));
    await using database = await openPglite(path);
    const [row] = await database.query('select max(n)::int as n, count(*)::int as rows from counted');
    expect(row?.['n']).to.be.at.least(acknowledged);
    expect(row?.['rows']).to.equal(row?.['n']);
  });
});
