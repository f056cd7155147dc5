import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { readBundle, writeBundle } from '../../src/tokens/macaroon/macaroon-format.ts';
import { mintMacaroon } from '../../src/tokens/macaroon/macaroon.ts';
import { newPersonalToken } from '../../src/tokens/personal-token.ts';
import { runCli } from '../support/cli.ts';
import { TokenKey } from '../support/jwt.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const MACAROON = writeBundle({
  macaroon: mintMacaroon(randomBytes(32), Buffer.from('id'), 'here'),
  discharges: [],
});

describe('authplane token', () => {
  it('inspects a JWT without its signature', async () => {
    const token = new TokenKey().sign({ sub: 'alice' });
    const { code, stdout } = await runCli(['token', 'inspect', token]);
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.have.nested.property('claims.sub', 'alice');
    expect(stdout).to.not.contain(token.split('.')[2] ?? '');
  });

  it('inspects macaroons and personal tokens, and refuses anything else', async () => {
    expect(JSON.parse((await runCli(['token', 'inspect', MACAROON])).stdout)).to.deep.equal({
      kind: 'macaroon',
      location: 'here',
      identifier: 'id',
      caveats: [],
      discharges: [],
    });
    const personal = await runCli(['token', 'inspect', newPersonalToken(randomBytes(32))]);
    expect(JSON.parse(personal.stdout)).to.deep.equal({ kind: 'personal token', well_formed: true });
    expect((await runCli(['token', 'inspect', 'nonsense'])).code).to.equal(2);
  });

  it('attenuates a macaroon offline, and refuses conditions that nobody knows', async () => {
    const caveats = ['scope read_api', 'project 7'];
    const { code, stdout } = await runCli(['token', 'attenuate', MACAROON, '--caveat', ...caveats]);
    expect(code).to.equal(0);
    const { macaroon } = readBundle(stdout.trim());
    expect(macaroon.caveats.map(({ identifier }) => Buffer.from(identifier).toString())).to.deep.equal(
      caveats,
    );
    const unknown = await runCli(['token', 'attenuate', MACAROON, '--caveat', 'color blue']);
    expect([unknown.code, unknown.stderr]).to.deep.equal([
      64,
      'authplane: "color blue": caveat color is unknown\n',
    ]);
  });

  it('checks the file of the token service', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'tokens.yaml');
    await writeFile(file, 'issuer: https://a.example\naudiences: [{name: api}]\n');
    const good = await runCli(['token', 'check', file]);
    expect([good.code, good.stdout]).to.deep.equal([
      0,
      `${file}: 0 clients, 0 trusted issuers, 0 exchanges\n`,
    ]);
    await writeFile(file, 'issuer: https://a.example\naudience: []\n');
    const bad = await runCli(['token', 'check', file]);
    expect(bad.code).to.equal(2);
    expect(bad.stderr).to.match(/tokens\.yaml:2:1 error .*audience.*\[AP1101\]/);
  });

  it('says what is needed when no token service runs', async () => {
    await using directory = await temporaryDirectory();
    for (const argv of [
      ['keys', 'status'],
      ['token', 'list'],
      ['audit', 'verify'],
    ]) {
      const { code, stderr } = await runCli([...argv, '--state-dir', directory.path]);
      expect([code, stderr]).to.deep.equal([
        5,
        `authplane: no token service runs on ${directory.path}; to work on its database, give --token-config\n`,
      ]);
    }
  });

  it('asks for exactly one thing to revoke, and for a reason', async () => {
    expect((await runCli(['token', 'revoke', '--reason', 'x'])).code).to.equal(64);
    expect(
      (await runCli(['token', 'revoke', '--jti', 'a', '--subject', 'b', '--reason', 'x'])).code,
    ).to.equal(64);
    expect((await runCli(['token', 'revoke', '--jti', 'a'])).code).to.equal(64);
  });
});
