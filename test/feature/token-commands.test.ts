import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Child } from '../../scripts/child-process.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import { runCli } from '../support/cli.ts';
import { DATABASE_TIMEOUT_MS, sharedPostgres } from '../support/databases.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { TokenProcess } from '../support/token-process.ts';
import { waitFor } from '../support/wait-for.ts';

describe('commands and a token service that runs', function () {
  this.timeout(2 * DATABASE_TIMEOUT_MS);

  it('make, list, verify and revoke personal tokens, and show keys, none of which is in the log', async () => {
    await using tokens = await TokenProcess.start(await (await sharedPostgres()).createDatabase(), [
      ...['--log-level', 'trace'],
    ]);
    const flags = [
      '--subject',
      'user:1',
      '--audience',
      'api',
      '--scope',
      'read_api',
      '--claim',
      'realm=saas',
    ];
    const made = await tokens.command('token', 'mint', '--personal', '--name', 'laptop', ...flags);
    expect(made.code, made.stderr).to.equal(0);
    const personal = made.stdout.trim();
    const id = /^personal token (\S+),/.exec(made.stderr)?.[1] ?? '';
    expect((await tokens.command('token', 'list')).stdout).to.match(
      new RegExp(`^${id} +user:1 +laptop +read_api +valid`, 'm'),
    );
    expect((await tokens.command('token', 'verify', personal)).code).to.equal(0);
    const access = await tokens.client.mint();
    expect((await tokens.command('token', 'verify', access)).code).to.equal(0);
    const refused = await tokens.command(
      'token',
      'mint',
      '--personal',
      '--name',
      'x',
      '--subject',
      'a',
      '--audience',
      'apo',
    );
    expect([refused.code, refused.stderr]).to.deep.equal([2, 'authplane: audience "apo" is not declared\n']);
    expect((await tokens.command('token', 'revoke', '--personal', id, '--reason', 'test')).code).to.equal(0);
    expect((await tokens.command('token', 'revoke', '--personal', id, '--reason', 'test')).code).to.equal(2);
    expect((await tokens.command('token', 'verify', personal)).code).to.equal(6);
    const keys = await tokens.command('keys', 'status');
    expect([keys.code, keys.stdout.match(/ (active|pending) /g)?.length]).to.deep.equal([0, 4]);
    expect((await tokens.command('keys', 'rewrap')).stdout).to.equal('0 keys were wrapped anew\n');
    const log = JSON.stringify(tokens.authplane.log);
    const metrics = await tokens.authplane.metrics();
    for (const secret of [personal, personal.slice(5, 40), access.split('.')[2] ?? '']) {
      expect(log + metrics).to.not.contain(secret);
    }
    expect(metrics).to.match(/authplane_token_signing_keys\{state="active"\} 2/);
    tokens.authplane.assertClean();
  });

  it('refuse a second process on the state directory, a wrong key-encryption key and a schema of a newer release', async () => {
    const url = await (await sharedPostgres()).createDatabase();
    await using tokens = await TokenProcess.start(url);
    const start = async (...flags: readonly string[]): Promise<string> => {
      const child = Child.start(process.execPath, [
        join(REPOSITORY, 'src', 'main.ts'),
        'tokens',
        ...[
          '--token-config',
          join(tokens.directory, 'tokens', 'tokens.yaml'),
          '--token-address',
          '127.0.0.1:0',
        ],
        ...['--admin-address', '127.0.0.1:0', '--database-url', url, '--drain-delay', '0s', ...flags],
      ]);
      await waitFor('an end or a start', () => child.hasExited || child.stdout.length > 0, 20_000);
      const ready = child.stdout.join('\n');
      await child.stop();
      return ready === '' ? child.stderr.join('\n') : ready;
    };
    const kek = ['--kek-file', join(tokens.directory, 'kek')];
    await using other = await temporaryDirectory();
    const elsewhere = ['--state-dir', other.path];
    expect(await start(...kek, '--state-dir', tokens.stateDirectory)).to.match(
      /the state directory .* is used by another authplane/,
    );
    expect(await start(...kek, ...elsewhere)).to.match(/^authplane tokens ready tokens=\S+ admin=\S+$/);
    const wrong = join(other.path, 'kek');
    await writeFile(wrong, randomBytes(32), { mode: 0o400 });
    expect(await start('--kek-file', wrong, ...elsewhere)).to.match(
      /is wrapped by KEK [0-9a-f]{16}; given is/,
    );
    const status = await runCli(['db', 'status', '--database-url', url]);
    expect([status.code, /^1 +token-service +\d{4}-/m.test(status.stdout)]).to.deep.equal([0, true]);
    expect((await runCli(['db', 'migrate', '--database-url', url])).stdout).to.equal('nothing to do\n');
    const newer = (await sharedPostgres()).url(new URL(url).pathname.slice(1));
    const { openPostgres } = await import('../../src/storage/postgres-database.ts');
    const { systemClock } = await import('../../src/platform/clock.ts');
    await using database = openPostgres({ url: newer }, systemClock);
    await database.script(
      `insert into authplane.schema_migration (version, name, checksum) values (99, 'x', 'y')`,
    );
    expect(await start(...kek, ...elsewhere)).to.match(/a newer one made it/);
    expect((await runCli(['db', 'status', '--database-url', url])).code).to.equal(2);
  });
});
