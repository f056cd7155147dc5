import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { demoPaths, ensureDemoKeys } from '../../scripts/demo-keys.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const DAY_MS = 86_400_000;

describe('ensureDemoKeys', () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    expect(await ensureDemoKeys(directory.path)).to.equal(true);
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  async function contents(): Promise<Record<string, string>> {
    const generated = demoPaths(directory.path).directory;
    const names = await readdir(generated);
    const texts = names.map(async name => [name, await readFile(join(generated, name), 'utf8')] as const);
    return Object.fromEntries(await Promise.all(texts));
  }

  it('makes everything once, for the owner only', async () => {
    const made = await contents();
    for (const name of Object.keys(made)) {
      const { mode } = await stat(join(demoPaths(directory.path).directory, name));
      expect(mode & 0o077, name).to.equal(0);
    }
    expect(await ensureDemoKeys(directory.path)).to.equal(false);
    expect(await contents()).to.deep.equal(made);
  });

  it('puts no private key into the snapshot file', async () => {
    const { 'keys.yaml': filter = '' } = await contents();
    expect(filter).to.contain('"x":').and.to.not.contain('"d":').and.to.not.contain('PRIVATE');
  });

  it('renews a certificate that runs out within two weeks, and keeps the key of tokens', async () => {
    const paths = demoPaths(directory.path);
    const before = await contents();
    const old = CertificateAuthority.create().issue({ notAfter: new Date(Date.now() + 10 * DAY_MS) });
    await writeFile(paths.certificate, old.chainPem);
    await writeFile(paths.privateKey, old.privateKeyPem);
    expect(await ensureDemoKeys(directory.path)).to.equal(true);
    const renewed = new X509Certificate(await readFile(paths.certificate));
    expect(renewed.validToDate.getTime() - Date.now()).to.be.greaterThan(60 * DAY_MS);
    expect((await contents())['token-signing.key']).to.equal(before['token-signing.key']);
  });

  it('replaces the filter together with the key that it checks', async () => {
    const before = await contents();
    await rm(demoPaths(directory.path).tokenKey);
    expect(await ensureDemoKeys(directory.path)).to.equal(true);
    const after = await contents();
    expect(after['keys.yaml']).to.not.equal(before['keys.yaml']);
    expect(after['edge.pem']).to.equal(before['edge.pem']);
  });
});
