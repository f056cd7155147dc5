import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCli, type CliResult } from '../support/cli.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

describe('authplane ca', () => {
  let directory: TemporaryDirectory;
  let caDir: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    caDir = join(directory.path, 'ca');
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  const ca = (...args: readonly string[]): Promise<CliResult> => runCli(['ca', ...args, '--ca-dir', caDir]);

  it('makes a CA, issues, renews and revokes', async () => {
    const made = await ca('init', '--name', 'site');
    expect([made.code, made.stdout]).to.deep.equal([0, `${caDir}\n`]);
    expect(made.stderr).to.contain('not encrypted');
    const issued = await ca(
      'issue',
      'edge-1',
      '--spiffe',
      'spiffe://a.test/edge/1',
      '--dns',
      'edge-1',
      '--lifetime',
      '12h',
    );
    expect(issued.code, issued.stderr).to.equal(0);
    const [path = ''] = issued.stdout.split('\n');
    expect(new X509Certificate(await readFile(path)).subjectAltName).to.equal(
      'DNS:edge-1, URI:spiffe://a.test/edge/1',
    );
    expect((await ca('renew')).stderr).to.contain('nothing is due');
    expect((await ca('renew', '--all')).stdout).to.equal('edge-1\n');
    const status = JSON.parse((await ca('status', '-o', 'json')).stdout) as {
      certificates: { name: string }[];
    };
    expect(status.certificates.map(({ name }) => name)).to.deep.equal(['edge-1']);
    expect((await ca('status')).stdout)
      .to.contain('edge-1')
      .and.to.contain('TRUSTED');
    expect((await ca('revoke', 'edge-1')).stdout.trim().split('\n')).to.have.length(2);
    expect((await ca('crl')).stdout).to.equal(`${join(caDir, 'revoked.crl')}\n`);
  });

  it('takes the passphrase from a file and never prints it', async () => {
    const file = join(directory.path, 'passphrase');
    await writeFile(file, 'canary-passphrase\n');
    const flags = ['--passphrase-file', file];
    expect((await ca('init', ...flags)).stderr).to.equal('');
    expect((await ca('issue', 'a', '--dns', 'a', ...flags)).code).to.equal(0);
    const refused = await ca('issue', 'b', '--dns', 'b');
    expect([refused.code, refused.stderr]).to.deep.equal([
      1,
      `authplane: ${join(caDir, 'issuing-2.key')} is encrypted; give --passphrase-file\n`,
    ]);
    await writeFile(file, '\n');
    expect((await ca('renew', ...flags)).stderr).to.contain('is empty');
  });

  it('refuses names that a certificate must not carry, and what it does not know', async () => {
    await ca('init');
    for (const flags of [
      ['--spiffe', 'https://a.test/x'],
      ['--spiffe', 'spiffe://a.test'],
      ['--spiffe', 'spiffe://A.test/x'],
      ['--dns', 'a b'],
      ['--ip', '1.2.3'],
      ['--dns', 'a', '--usage', 'signing'],
      ['--dns', 'a', '--lifetime', '7'],
      [],
    ]) {
      const { code, stderr } = await ca('issue', 'edge', ...flags);
      expect(code, `${flags.join(' ')}: ${stderr}`).to.equal(64);
    }
    expect((await ca('issue', '../edge', '--dns', 'a')).code).to.equal(64);
    expect((await ca('revoke', 'nobody')).code).to.equal(2);
    expect((await ca('init')).code).to.equal(2);
  });

  it('does not go on with a rotation when no authplane says how far the proxies are', async () => {
    await ca('init');
    const server = ['--server', 'http://127.0.0.1:1'];
    const started = await ca('rotate', ...server);
    expect([started.code, started.stdout]).to.deep.equal([
      0,
      'rotation: distributing: proxies get the new root beside the old one\n  nobody holds it up\n',
    ]);
    expect((await ca('rotate', ...server)).code).to.equal(5);
    expect((await ca('status', ...server)).code).to.equal(5);
    const forced = await ca('rotate', ...server, '--force', 'nobody is connected yet');
    expect(forced.stdout).to.contain('issuing');
    expect((await ca('rotate', '--abort')).stdout).to.contain('issuing');
  });
});
