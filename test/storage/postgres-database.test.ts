import { expect } from 'chai';
import { systemClock } from '../../src/platform/clock.ts';
import { openPostgres } from '../../src/storage/postgres-database.ts';
import { DATABASE_TIMEOUT_MS } from '../support/databases.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('openPostgres', function () {
  this.timeout(DATABASE_TIMEOUT_MS);

  it('says that the database is away, never with its password, and is back by itself, listening too', async () => {
    await using server = await PostgresServer.start();
    const url = new URL(await server.createDatabase());
    url.password = 'CANARY-password';
    await using database = openPostgres({ url: url.href }, systemClock);
    let notices = 0;
    const listening = await database.listen('told', () => notices++);
    await database.script('create table kept (n integer); insert into kept values (1); notify told');
    await waitFor('the first notice', () => notices > 0);
    await server.down();
    const away: unknown = await database.query('select 1').catch((thrown: unknown) => thrown);
    expect(away).to.include({ code: 'DATABASE_UNAVAILABLE' });
    expect(String(away)).to.not.contain('CANARY');
    const inTransaction: unknown = await database
      .transaction(inside => inside.query('select 1'))
      .catch((thrown: unknown) => thrown);
    expect(inTransaction).to.include({ code: 'DATABASE_UNAVAILABLE' });
    const before = notices;
    await server.up();
    await waitFor('a notice that some may have been missed', () => notices > before, 20_000);
    expect(await database.query('select n from kept')).to.deep.equal([{ n: 1 }]);
    const after = notices;
    await database.script('notify told');
    await waitFor('a notice on the new connection', () => notices > after);
    await listening[Symbol.asyncDispose]();
  });
});
