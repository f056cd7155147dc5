import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { readKek, readKeks } from '../../src/token-service/read-kek.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

describe('readKek', () => {
  const key = randomBytes(32);
  let directory: TemporaryDirectory;
  let file: string;

  before(async () => {
    directory = await temporaryDirectory();
    file = join(directory.path, 'kek');
    await writeFile(file, key, { mode: 0o400 });
  });

  after(() => directory[Symbol.asyncDispose]());

  const problemOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'taken',
      (thrown: unknown) => `${(thrown as { code?: string }).code ?? ''} ${String(thrown)}`,
    );

  it('takes a file, the environment and a systemd credential, in this order, in any form', async () => {
    const credentials = join(directory.path, 'credentials');
    await mkdir(credentials);
    await writeFile(join(credentials, 'authplane-kek'), `${key.toString('hex')}\n`, { mode: 0o400 });
    const { id } = await readKek({ file, environment: {} });
    expect(
      (await readKek({ file: undefined, environment: { AUTHPLANE_KEK: key.toString('base64') } })).id,
    ).to.equal(id);
    expect(
      (await readKek({ file: undefined, environment: { CREDENTIALS_DIRECTORY: credentials } })).id,
    ).to.equal(id);
    const other = { AUTHPLANE_KEK: randomBytes(32).toString('hex') };
    expect((await readKek({ file, environment: other })).id).to.equal(id);
  });

  it('refuses a file that others may read, a malformed one and a missing one, and never quotes it', async () => {
    const open = join(directory.path, 'open');
    await writeFile(open, key);
    await chmod(open, 0o644);
    expect(await problemOf(readKek({ file: open, environment: {} }))).to.match(/KEK_INVALID .*chmod 0400/);
    const bad = join(directory.path, 'bad');
    await writeFile(bad, 'CANARY-not-a-key', { mode: 0o400 });
    const problem = await problemOf(readKek({ file: bad, environment: {} }));
    expect(problem)
      .to.match(/KEK_INVALID .*must be 32 bytes/)
      .and.not.contain('CANARY');
    expect(await problemOf(readKek({ file: join(directory.path, 'none'), environment: {} }))).to.match(
      /cannot be read/,
    );
    expect(await problemOf(readKek({ file: undefined, environment: {} }))).to.match(
      /KEK_INVALID .*--kek-file/,
    );
  });

  it('gives the one before it, too', async () => {
    const previous = join(directory.path, 'previous');
    await writeFile(previous, randomBytes(32), { mode: 0o400 });
    const [current, before] = await readKeks({ file, previousFile: previous, environment: {} });
    expect(before?.id).to.not.equal(current.id);
    expect(await readKeks({ file, previousFile: undefined, environment: {} })).to.have.length(1);
  });
});
