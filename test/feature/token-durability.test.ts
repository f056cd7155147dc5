import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { systemClock } from '../../src/platform/clock.ts';
import { openPostgres } from '../../src/storage/postgres-database.ts';
import type { AuditEntry } from '../../src/tokens/audit/audit-chain.ts';
import { DATABASE_KINDS, DATABASE_TIMEOUT_MS, sharedPostgres } from '../support/databases.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { TokenProcess } from '../support/token-process.ts';
import { waitFor } from '../support/wait-for.ts';

/** Tokens that are made, of which every second one is revoked; the process is killed somewhere in between. */
const MINTS = process.env['PROVE'] === '1' ? 1_000 : 100;
const KILLS = process.env['PROVE'] === '1' ? 3 : 1;

for (const kind of DATABASE_KINDS) {
  describe(`a token service that is killed on ${kind}`, function () {
    this.timeout(process.env['PROVE'] === '1' ? 600_000 : 2 * DATABASE_TIMEOUT_MS);

    it('has lost nothing that it acknowledged, and goes on with its keys where it stood', async () => {
      const url = kind === 'pglite' ? undefined : await (await sharedPostgres()).createDatabase();
      await using tokens = await TokenProcess.start(url);
      const minted: string[] = [];
      const revoked: string[] = [];
      const keys = new Set<string>();
      for (let kill = 0; kill < KILLS; kill++) {
        await tokens.command('keys', 'rotate');
        for (const kid of await liveKids(tokens)) keys.add(kid);
        const target = ((kill + 1) * MINTS) / KILLS;
        const workers = Array.from({ length: 8 }, () => work(tokens, minted, revoked, target));
        await waitFor('enough tokens', () => minted.length >= target - 20, 120_000);
        await tokens.authplane.kill();
        await Promise.all(workers);
        await tokens.up();
      }
      for (const token of minted) {
        const { body } = await tokens.client.post('/oauth2/introspect', { token });
        expect(body['active']).to.equal(!revoked.includes(token));
      }
      const shown = await tokens.command('audit', 'show');
      const entries = shown.stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as AuditEntry);
      const told = new Set(entries.map(({ action, object }) => `${action} ${object}`));
      const missing = minted.filter(token => !told.has(`token.minted ${decodeJwt(token).jti ?? ''}`));
      expect(missing).to.deep.equal([]);
      expect((await tokens.command('audit', 'verify')).code).to.equal(0);
      // Keys that were live before a kill are live after it, but for those that time has ended.
      expect(await liveKids(tokens)).to.include.members([...keys]);
      console.log(`      ${minted.length} made, ${revoked.length} revoked, ${KILLS} times killed`);
    });
  });
}

/** Makes and revokes until there are enough, or nobody answers any more; notes only what it was told. */
async function work(
  tokens: TokenProcess,
  minted: string[],
  revoked: string[],
  target: number,
): Promise<void> {
  const { client } = tokens;
  for (let turn = 0; minted.length < target; turn++) {
    try {
      const token = await client.mint();
      if (turn % 2 === 0) {
        minted.push(token);
        continue;
      }
      // Whether a revocation that nobody answers exists, nobody has been told.
      const { status } = await client.post('/oauth2/revoke', { token });
      if (status !== 200) continue;
      minted.push(token);
      revoked.push(token);
    } catch {
      return;
    }
  }
}

async function liveKids(tokens: TokenProcess): Promise<readonly string[]> {
  const { stdout } = await tokens.command('keys', 'status', '-o', 'json');
  const { keys } = JSON.parse(stdout) as { readonly keys: readonly { kid: string; state: string }[] };
  return keys.filter(({ state }) => state !== 'retired' && state !== 'compromised').map(({ kid }) => kid);
}

describe('a token service whose PostgreSQL is away', function () {
  this.timeout(2 * DATABASE_TIMEOUT_MS);

  it('verifies and publishes its keys, refuses clearly to make tokens, also after a restart, and needs nobody to recover', async () => {
    await using server = await PostgresServer.start();
    await using tokens = await TokenProcess.start(await server.createDatabase());
    const token = await tokens.client.mint();
    const jwks = await jwksOf(tokens);
    await server.down();
    const refused = await tokens.client.post('/oauth2/token', { grant_type: 'client_credentials' });
    expect([refused.status, refused.body['error']]).to.deep.equal([503, 'temporarily_unavailable']);
    expect(await jwksOf(tokens)).to.deep.equal(jwks);
    await tokens.authplane.waitForLog('the loss', ({ event }) => event === 'tokens.database_away');
    // A restart without the database: what proxies need was kept.
    await tokens.authplane.kill();
    await tokens.up();
    expect(await jwksOf(tokens)).to.deep.equal(jwks);
    const still = await tokens.client.post('/oauth2/token', { grant_type: 'client_credentials' });
    expect(still.status).to.equal(503);
    await server.up();
    const next = await waitFor('a token', () => tokens.client.mint().catch(() => undefined), 30_000);
    for (const one of [token, next]) {
      const { body } = await tokens.client.post('/oauth2/introspect', { token: one });
      expect(body['active']).to.equal(true);
    }
  });
});

async function jwksOf(tokens: TokenProcess): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${tokens.authplane.tokenPort}/jwks.json`)).json();
}

describe('the audit', function () {
  this.timeout(2 * DATABASE_TIMEOUT_MS);

  it('is copied to a file, and shows every change of the database or the file', async () => {
    const server = await sharedPostgres();
    const url = await server.createDatabase();
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'audit.jsonl');
    await using tokens = await TokenProcess.start(url, ['--audit-file', file]);
    for (let count = 0; count < 5; count++) await tokens.client.mint();
    const lines = await waitFor('all entries in the file', async () => {
      const text = await readFile(file, 'utf8').catch(() => '');
      const found = text.trim().split('\n');
      return found.filter(line => line.includes('token.minted')).length === 5 && found;
    });
    const verify = (...flags: readonly string[]) => tokens.command('audit', 'verify', ...flags);
    expect((await verify('--file', file)).stdout).to.equal(`${lines.length} entries, none changed\n`);
    await writeFile(file, lines.with(2, (lines[2] ?? '').replace('authplane', 'nobody')).join('\n') + '\n');
    const changed = await verify('--file', file, '--file-only');
    expect([changed.code, changed.stderr]).to.deep.equal([
      3,
      'the audit does not hold: entry 3: its content was changed\n',
    ]);
    await writeFile(file, `${lines.join('\n')}\n`);
    await using database = openPostgres({ url }, systemClock);
    const tamper = async (sql: string): Promise<void> => {
      await database.script(`alter table authplane.audit disable trigger user; ${sql}`);
    };
    await tamper(`delete from authplane.audit where seq = (select max(seq) from authplane.audit)`);
    expect((await verify()).code).to.equal(0);
    const cut = await verify('--file', file);
    expect(cut.stderr).to.match(/the database ends at entry \d+, the file has entry \d+/);
    await tamper(`update authplane.audit set actor = 'nobody' where seq = 2`);
    expect((await verify()).stderr).to.equal('the audit does not hold: entry 2: its content was changed\n');
    await tamper('delete from authplane.audit where seq = 2');
    expect((await verify()).stderr).to.equal('the audit does not hold: entry 3: entry 2 is missing\n');
  });
});
