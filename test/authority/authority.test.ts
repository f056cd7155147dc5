import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Authority } from '../../src/authority/authority.ts';
import { AuthorityDirectory } from '../../src/authority/authority-directory.ts';
import type { AuthorityState, LeafRequest } from '../../src/authority/authority-state.ts';
import { abortRotation, advanceRotation, startRotation } from '../../src/authority/rotate-authority.ts';
import { checkCertificatePair } from '../../src/certificates/certificate-pair.ts';
import type { ServedSecret } from '../../src/certificates/rotation-holders.ts';
import { checkTrustBundle } from '../../src/certificates/trust-bundle.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const DAY_MS = 86_400_000;
const REQUEST: LeafRequest = {
  uris: ['spiffe://a.test/edge/1'],
  dnsNames: ['edge-1.a.test'],
  ipAddresses: ['127.0.0.1', '::1'],
  usages: ['server', 'client'],
  keyType: 'ec',
  lifetimeMs: 8 * DAY_MS,
};

describe('Authority', () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let authority: Authority;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock();
    authority = new Authority({ directory: new AuthorityDirectory(directory.path), clock });
    await authority.init('test');
  });

  afterEach(() => directory[Symbol.asyncDispose]());

  const read = (name: string): Promise<string> => readFile(join(directory.path, name), 'utf8');
  const pathsOf = (name: string): { certificatePath: string; privateKeyPath: string } => ({
    certificatePath: join(directory.path, 'out', `${name}.pem`),
    privateKeyPath: join(directory.path, 'out', `${name}.key`),
  });
  const issue = (name: string, request: LeafRequest = REQUEST): ReturnType<Authority['issue']> =>
    authority.issue(name, request, pathsOf(name));

  /** What our own checks say of everything that the CA has written. */
  async function problems(names: readonly string[]): Promise<readonly string[]> {
    const found = [];
    const trustedCa = { name: 'trust.pem', bytes: Buffer.from(await read('trust.pem')) };
    const crl = { name: 'revoked.crl', bytes: Buffer.from(await read('revoked.crl')) };
    found.push(...checkTrustBundle({ trustedCa, crl }, clock.nowMs()));
    for (const name of names) {
      const chain = Buffer.from(await read(`out/${name}.pem`));
      const key = Buffer.from(await read(`out/${name}.key`));
      const pair = { certificateChain: { name, bytes: chain }, privateKey: { name, bytes: key } };
      found.push(...checkCertificatePair(pair, clock.nowMs()));
    }
    return found.map(({ message }) => message);
  }

  it('issues certificates with the names that were asked for, below an issuing CA, and keys for the owner only', async () => {
    await issue('edge-1');
    const leaf = new X509Certificate(await read('out/edge-1.pem'));
    expect(leaf.subjectAltName).to.equal(
      'DNS:edge-1.a.test, URI:spiffe://a.test/edge/1, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect((leaf.subject as string | undefined) ?? '').to.equal('');
    expect(leaf.ca).to.equal(false);
    expect(leaf.validToDate.getTime() - clock.nowMs()).to.be.within(8 * DAY_MS - 1000, 8 * DAY_MS);
    for (const name of [...(await readdir(directory.path)), 'out/edge-1.key']) {
      if (!name.endsWith('.key')) continue;
      expect((await stat(join(directory.path, name))).mode & 0o777, name).to.equal(0o600);
    }
    expect(await problems(['edge-1'])).to.deep.equal([]);
  });

  it('issues RSA beside EC, and nothing that outlives the CA that issues', async () => {
    await issue('rsa', { ...REQUEST, keyType: 'rsa', lifetimeMs: 900 * DAY_MS });
    const leaf = new X509Certificate(await read('out/rsa.pem'));
    expect(leaf.publicKey.asymmetricKeyType).to.equal('rsa');
    expect(leaf.validToDate.getTime() - clock.nowMs()).to.be.at.most(365 * DAY_MS);
    expect(await problems(['rsa'])).to.deep.equal([]);
  });

  it('renews at half of the life, with a new key and the same names, and keeps the mode of the files', async () => {
    await issue('edge-1');
    const before = await read('out/edge-1.key');
    clock.advance(3.9 * DAY_MS);
    expect((await authority.renew()).renewed).to.deep.equal([]);
    clock.advance(0.2 * DAY_MS);
    expect((await authority.renew()).renewed).to.deep.equal(['edge-1']);
    expect(await read('out/edge-1.key')).to.not.equal(before);
    expect(new X509Certificate(await read('out/edge-1.pem')).subjectAltName).to.contain(
      'spiffe://a.test/edge/1',
    );
    expect(await problems(['edge-1'])).to.deep.equal([]);
  });

  it('has lists that never run out while it renews, and a new issuing CA that is published before it is used', async () => {
    await issue('edge-1');
    const first = await authority.read();
    let published: AuthorityState | undefined;
    for (let day = 0; day < 400; day++) {
      clock.advance(DAY_MS);
      await authority.renew();
      const state = await authority.read();
      if (state.issuers.length === 2) published ??= state;
      expect(await problems(['edge-1']), `day ${day}`).to.deep.equal([]);
    }
    expect(published?.activeIssuer, 'published beside the one in use').to.equal(first.activeIssuer);
    const last = await authority.read();
    expect(last.activeIssuer).to.be.greaterThan(first.activeIssuer);
    expect(last.roots).to.deep.equal(first.roots);
  });

  it('revokes every certificate of a name that has not expired, and renews it no more', async () => {
    await issue('edge-1');
    await issue('edge-1');
    await issue('edge-2');
    const revoked = await authority.revoke('edge-1');
    expect(revoked).to.have.length(2);
    expect((await authority.renew(true)).renewed).to.deep.equal(['edge-2']);
    expect((await authority.read()).revoked).to.have.length(2);
    expect(await problems([])).to.deep.equal([]);
    clock.advance(9 * DAY_MS);
    await authority.renew();
    expect((await authority.writeLists()).revoked, 'expired ones leave the list').to.deep.equal([]);
  });

  it('encrypts its keys with a passphrase, and says so when it is missing or wrong', async () => {
    await using other = await temporaryDirectory();
    const open = (passphrase?: string): Authority => {
      const path = other.path;
      const secret = passphrase === undefined ? undefined : Buffer.from(passphrase);
      return new Authority({ directory: new AuthorityDirectory(path, secret), clock });
    };
    await open('correct horse').init('locked');
    const text = await readFile(join(other.path, 'root-1.key'), 'utf8');
    expect(text).to.contain('ENCRYPTED PRIVATE KEY');
    expect(() => createPrivateKey({ key: text, passphrase: 'correct horse' })).to.not.throw();
    await open('correct horse').renew(true);
    for (const [passphrase, reason] of [
      [undefined, 'is encrypted'],
      ['wrong', 'the passphrase is wrong'],
    ] as const) {
      const thrown: unknown = await open(passphrase)
        .renew(true)
        .catch((error: unknown) => error);
      expect(thrown).to.have.property('code', 'CA_UNUSABLE');
      expect((thrown as Error).message).to.contain(reason);
      expect((thrown as Error).message).to.not.contain('correct horse');
    }
  });

  it('refuses a second CA in one directory, unknown names, and the state of another version', async () => {
    const codeOf = async (run: Promise<unknown>): Promise<unknown> =>
      run.then(
        () => 'done',
        (thrown: unknown) => (thrown as { code?: string }).code,
      );
    expect(await codeOf(authority.init('again'))).to.equal('CA_REFUSED');
    expect(await codeOf(authority.revoke('nobody'))).to.equal('CA_REFUSED');
    await writeFile(join(directory.path, 'authority.json'), '{"format": 2}');
    expect(await codeOf(authority.read())).to.equal('CA_UNUSABLE');
    await writeFile(join(directory.path, 'authority.json'), '{"format": 1');
    expect(await codeOf(authority.read())).to.equal('CA_UNUSABLE');
  });

  it('knows every certificate that it has written, and renews the others, when one cannot be written', async () => {
    await issue('edge-1');
    await issue('edge-2');
    await issue('edge-3');
    // A directory in the place of the file: what takes its place by renaming fails.
    await rm(join(directory.path, 'out', 'edge-2.pem'));
    await mkdir(join(directory.path, 'out', 'edge-2.pem'));
    clock.advance(5 * DAY_MS);
    const thrown: unknown = await authority.renew().catch((error: unknown) => error);
    expect(thrown).to.have.property('code', 'CA_UNUSABLE');
    const { issued } = await authority.read();
    for (const name of ['edge-1', 'edge-3']) {
      const leaf = new X509Certificate(await read(`out/${name}.pem`));
      expect(issued.find(record => record.name === name)?.serialNumber, name).to.equal(leaf.serialNumber);
    }
    expect(await problems(['edge-1', 'edge-3'])).to.deep.equal([]);
    await rm(join(directory.path, 'out', 'edge-2.pem'), { recursive: true });
    expect((await authority.renew()).renewed, 'only what is due').to.deep.equal(['edge-2']);
    expect(await problems(['edge-2'])).to.deep.equal([]);
    expect((await authority.revoke('edge-2')).length, 'also what was only half written').to.equal(3);
  });

  it('serves one process at a time', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `edge-${index}`);
    await Promise.all(names.map(name => issue(name)));
    expect((await authority.read()).issued.map(({ name }) => name)).to.deep.equal(names);
    expect(await problems(names)).to.deep.equal([]);
  });

  describe('in a rotation', () => {
    const fingerprints = async (file: string): Promise<string[]> =>
      ((await read(file)).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
        block => new X509Certificate(block).fingerprint256,
      );
    const served = async (behind: readonly string[] = []): Promise<readonly ServedSecret[]> => [
      { group: 'g', name: 'ca', kind: 'trust', fingerprints: await fingerprints('trust.pem'), behind },
      {
        group: 'g',
        name: 'tls',
        kind: 'certificate',
        fingerprints: await fingerprints('out/edge-1.pem'),
        behind,
      },
    ];

    it('waits for who has not accepted, names them, and ends with the new root alone', async () => {
      await issue('edge-1');
      const before = await fingerprints('trust.pem');
      await startRotation(authority, clock.nowMs());
      expect(await fingerprints('trust.pem')).to.include.members(before);
      const held = await advanceRotation(authority, await served(['frozen']), clock.nowMs());
      expect(held.rotation?.stage).to.equal('distributing');
      expect(held.holders.flatMap(({ nodes }) => nodes)).to.deep.equal(['frozen']);
      for (const stage of ['issuing', 'withdrawing', undefined]) {
        expect(await problems(['edge-1'])).to.deep.equal([]);
        const { rotation, holders } = await advanceRotation(authority, await served(), clock.nowMs());
        expect([rotation?.stage, holders]).to.deep.equal([stage, []]);
      }
      const after = await fingerprints('trust.pem');
      expect(after.filter(fingerprint => before.includes(fingerprint))).to.deep.equal([]);
      expect(await problems(['edge-1'])).to.deep.equal([]);
      expect((await readdir(directory.path)).filter(name => name.endsWith('.key'))).to.have.length(2);
    });

    it('goes on by force, and keeps the reason', async () => {
      await issue('edge-1');
      await startRotation(authority, clock.nowMs());
      const { rotation } = await advanceRotation(authority, [], clock.nowMs(), 'edge-9 is gone for good');
      expect(rotation?.stage).to.equal('issuing');
      const { forced } = await authority.read();
      expect(forced).to.deep.equal([
        { atMs: clock.nowMs(), stage: 'distributing', reason: 'edge-9 is gone for good' },
      ]);
    });

    it('goes back to the old root', async () => {
      await issue('edge-1');
      const before = await fingerprints('trust.pem');
      await startRotation(authority, clock.nowMs());
      await advanceRotation(authority, await served(), clock.nowMs());
      expect((await abortRotation(authority)).rotation?.stage).to.equal('issuing');
      await advanceRotation(authority, await served(), clock.nowMs());
      await advanceRotation(authority, await served(), clock.nowMs());
      expect((await authority.read()).rotation).to.equal(undefined);
      expect(await fingerprints('trust.pem')).to.deep.equal(before);
      expect(await problems(['edge-1'])).to.deep.equal([]);
    });
  });
});
