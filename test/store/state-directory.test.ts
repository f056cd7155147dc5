import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning, ownIdentity } from '../../src/platform/process-identity.ts';
import { openStateDirectory } from '../../src/store/state-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const holder = `
  const { openStateDirectory } = await import(process.argv[1]);
  await openStateDirectory(process.argv[2]);
  console.log('held');
  process.stdin.resume();
`;

/** Another process that holds the directory until it is killed. */
async function otherProcess(path: string) {
  const module = new URL('../../src/store/state-directory.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder, module, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    pid: child.pid,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

async function openAndClose(path: string): Promise<void> {
  const directory = await openStateDirectory(path);
  await directory[Symbol.asyncDispose]();
}

async function refusal(path: string): Promise<Error> {
  try {
    await openAndClose(path);
  } catch (thrown) {
    expect(thrown).to.have.property('code', 'STATE_DIR_UNUSABLE');
    return thrown as Error;
  }
  throw new Error('the directory was not refused');
}

describe('openStateDirectory', () => {
  it('makes the directory private, and gives it back', async () => {
    await using temporary = await temporaryDirectory();
    const path = join(temporary.path, 'a', 'b');
    {
      await using directory = await openStateDirectory(path);
      expect(directory.path).to.equal(path);
      expect((await stat(path)).mode & 0o777).to.equal(0o700);
      expect((await stat(join(path, 'lock'))).mode & 0o777).to.equal(0o600);
      await directory.assertHeld();
    }
    expect(await readdir(path)).to.be.empty;
    await openAndClose(path);
  });

  it('refuses a directory that this process has already', async () => {
    await using temporary = await temporaryDirectory();
    await using directory = await openStateDirectory(temporary.path);
    expect((await refusal(temporary.path)).message).to.contain(`pid ${process.pid}`);
    await directory.assertHeld();
  });

  it('refuses a directory that another process has, and takes over when that one is killed', async () => {
    await using temporary = await temporaryDirectory();
    const other = await otherProcess(temporary.path);
    try {
      expect((await refusal(temporary.path)).message).to.match(
        new RegExp(`is used by another authplane \\(pid ${String(other.pid)} on .*--state-dir`),
      );
    } finally {
      await other.kill();
    }
    expect(await readdir(temporary.path)).to.deep.equal(['lock']);
    await using directory = await openStateDirectory(temporary.path);
    await directory.assertHeld();
    expect(await readdir(temporary.path)).to.deep.equal(['lock']);
  });

  for (const [what, change] of [
    ['a process that started at another time with the same pid', { startTicks: '1' }],
    ['a process before the last boot', { bootId: 'another-boot' }],
    ['a process of a container that is gone', { host: 'another-host' }],
  ] as const) {
    it(`takes over the lock of ${what}`, async () => {
      await using temporary = await temporaryDirectory();
      await writeFile(
        join(temporary.path, 'lock'),
        JSON.stringify({ ...ownIdentity(), token: 't', ...change }),
      );
      await using directory = await openStateDirectory(temporary.path);
      await directory.assertHeld();
    });
  }

  it('takes over a lock that nobody can have written', async () => {
    for (const text of ['', 'garbage', 'null', '{"pid":-1,"host":"h","token":"t"}', '{"pid":1}']) {
      await using temporary = await temporaryDirectory();
      await writeFile(join(temporary.path, 'lock'), text);
      await openAndClose(temporary.path);
    }
  });

  it('gives the directory to one of many that ask at once', async () => {
    await using temporary = await temporaryDirectory();
    await writeFile(
      join(temporary.path, 'lock'),
      JSON.stringify({ ...ownIdentity(), startTicks: '1', token: 't' }),
    );
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, () => openStateDirectory(temporary.path)),
    );
    const opened = attempts.filter(attempt => attempt.status === 'fulfilled');
    expect(opened).to.have.length(1);
    for (const { value } of opened) await value[Symbol.asyncDispose]();
    expect(await readdir(temporary.path)).to.be.empty;
  });

  it('notices that another process has taken over, and leaves that one its lock', async () => {
    await using temporary = await temporaryDirectory();
    const lock = join(temporary.path, 'lock');
    const other = JSON.stringify({ ...ownIdentity(), host: 'other', token: 'other' });
    {
      await using directory = await openStateDirectory(temporary.path);
      await writeFile(lock, other);
      const problem = await directory.assertHeld().catch((thrown: unknown) => thrown);
      expect(problem).to.have.property('code', 'STATE_DIR_UNUSABLE');
    }
    expect(await readFile(lock, 'utf8')).to.equal(other);
  });

  it('takes its lock again when something has removed it', async () => {
    await using temporary = await temporaryDirectory();
    await using directory = await openStateDirectory(temporary.path);
    await rm(join(temporary.path, 'lock'));
    await directory.assertHeld();
    expect(await readdir(temporary.path)).to.deep.equal(['lock']);
  });

  it('refuses a file, and a directory that every user may write to', async () => {
    await using temporary = await temporaryDirectory();
    const file = join(temporary.path, 'file');
    await writeFile(file, '');
    await refusal(file);
    await refusal(join(file, 'below'));
    const open = join(temporary.path, 'open');
    await mkdir(open);
    await chmod(open, 0o777);
    expect((await refusal(open)).message).to.contain('chmod o-w');
    await chmod(open, 0o1777);
    await openAndClose(open);
  });

  it('refuses a link in the place of a private directory', async () => {
    await using temporary = await temporaryDirectory();
    await using directory = await openStateDirectory(join(temporary.path, 'state'));
    await mkdir(join(temporary.path, 'elsewhere'));
    await symlink(join(temporary.path, 'elsewhere'), join(directory.path, 'private'));
    const problem = await directory.privateDirectory('private').catch((thrown: unknown) => thrown);
    expect(problem).to.have.property('code', 'STATE_DIR_UNUSABLE');
  });
});

describe('isRunning', () => {
  it('knows this process and its end', async () => {
    expect(isRunning(ownIdentity())).to.equal(true);
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await once(child, 'spawn');
    const identity = { ...ownIdentity(), pid: child.pid ?? 0, startTicks: undefined };
    expect(isRunning(identity)).to.equal(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(isRunning(identity)).to.equal(false);
  });
});
