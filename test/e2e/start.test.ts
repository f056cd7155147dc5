import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from '../../scripts/child-process.ts';
import { httpsRequest, type HttpsAnswer } from '../../scripts/https-request.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { SnapshotDirectory } from '../support/snapshot-directory.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const execute = promisify(execFile);
const FREE_PORTS = ['--xds-port', '0', '--admin-port', '0', '--envoy-admin-port', '0'];

/** The committed example on ports of its own, in a directory whose name a shell must quote. */
async function copyExample(directory: string): Promise<{ snapshots: SnapshotDirectory; port: number }> {
  const snapshots = new SnapshotDirectory(join(directory, 'my snapshots'));
  await mkdir(snapshots.path);
  await cp(join(REPOSITORY, 'snapshots', 'edge.yaml'), join(snapshots.path, 'edge.yaml'));
  const port = await freePort();
  await snapshots.edit('edge.yaml', 'port_value: 10000', `port_value: ${port}`);
  for (const upstream of ['18081', '18082']) {
    await snapshots.edit('edge.yaml', `port_value: ${upstream}`, `port_value: ${await freePort()}`);
  }
  return { snapshots, port };
}

/** `npm start` without npm. */
function start(...args: readonly string[]): Child {
  return Child.start(process.execPath, [join(REPOSITORY, 'scripts', 'start.ts'), ...args], {
    cwd: REPOSITORY,
  });
}

/** Waits for a line on stdout, among those from index `from` on. */
async function waitForLine(child: Child, pattern: RegExp, from = 0): Promise<string> {
  return waitFor(
    String(pattern),
    () => {
      const line = child.stdout.slice(from).find(entry => pattern.test(entry));
      if (line === undefined && child.hasExited) throw new Error('it ended');
      return line;
    },
    40_000,
  ).catch((thrown: unknown) => {
    throw new Error(child.tail(40), { cause: thrown });
  });
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

/** Command lines of all processes that name a path. */
async function commandsWith(path: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const commands = await Promise.all(
    // A process may end in between.
    pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return commands.filter(command => command.includes(path));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Ends it as a service manager does; nothing that it started may be left. */
async function stopCleanly(child: Child, expectedChildren: number): Promise<void> {
  const children = await childrenOf(child.pid);
  expect(children).to.have.lengthOf(expectedChildren);
  const { code, signal } = await child.stop('SIGTERM');
  expect(code ?? signal, child.tail()).to.equal(0);
  expect(children.filter(isRunning)).to.deep.equal([]);
}

describe('npm start', function () {
  this.timeout(60_000);
  this.bail(true);
  let directory: TemporaryDirectory;
  let snapshots: SnapshotDirectory;
  let port: number;
  let demo: Child;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  function token(): string {
    const line = demo.stdout.find(entry => entry.startsWith('TOKEN='));
    return line?.slice('TOKEN='.length) ?? '';
  }

  /** DELETE as a reader, always over the same connection. */
  async function remove(): Promise<HttpsAnswer> {
    const ca = await snapshots.read('generated/ca.pem');
    return httpsRequest({ port, path: '/orders/1', method: 'DELETE', ca, token: token(), agent });
  }

  before(async () => {
    directory = await temporaryDirectory();
    ({ snapshots, port } = await copyExample(directory.path));
    demo = start('--snapshots', snapshots.path, '--work-dir', join(directory.path, 'work'), ...FREE_PORTS);
  });
  after(async () => {
    agent.destroy();
    await demo.stop();
    await directory[Symbol.asyncDispose]();
  });

  it('makes its keys, comes up and shows what is allowed and what is denied', async () => {
    await waitForLine(demo, /^Ctrl-C ends everything/);
    expect(demo.stdout.findIndex(line => line.startsWith('authplane ready xds='))).to.be.at.least(0);
    const statusAfter = (title: string): string | undefined => {
      const at = demo.stdout.indexOf(title);
      return at < 0 ? undefined : demo.stdout[at + 2]?.slice(0, 3);
    };
    expect(statusAfter('# allowed: a reader reads')).to.equal('200');
    expect(statusAfter('# denied: no token')).to.equal('401');
    expect(statusAfter('# denied: a reader deletes')).to.equal('403');
  });

  it('prints lines that work in a shell', async () => {
    const hasCurl = await execute('curl', ['--version']).then(
      () => true,
      () => false,
    );
    if (!hasCurl) {
      expect((await remove()).status).to.equal(403);
      return;
    }
    const statuses: string[] = [];
    for (const line of demo.stdout.filter(entry => entry.startsWith('curl '))) {
      const quiet = line.replace(/^curl/, "curl --silent --output /dev/null --write-out '%{http_code}'");
      const { stdout } = await execute('sh', ['-c', `TOKEN=${token()}\n${quiet}`], { cwd: REPOSITORY });
      statuses.push(stdout);
    }
    expect(statuses).to.deep.equal(['200', '401', '403']);
  });

  it('puts an edit of the policy into force on an open connection', async () => {
    expect((await remove()).status).to.equal(403);
    const text = await snapshots.read('edge.yaml');
    const [, commented = ''] =
      /Uncomment to let readers delete orders as well:\n((?: +# .*\n)+)/.exec(text) ?? [];
    await snapshots.edit('edge.yaml', commented, commented.replaceAll(/^( +)# /gm, '$1'));
    const answer = await waitFor('DELETE is allowed', async () => {
      const last = await remove();
      return last.status === 200 && last;
    });
    expect(answer.reusedConnection).to.equal(true);
    expect(JSON.parse(answer.body)).to.include({ upstream: 'orders', method: 'DELETE' });
  });

  it('says where a bad edit is wrong, and goes on with what was there', async () => {
    const from = demo.stdout.length;
    const text = await snapshots.read('edge.yaml');
    const line = text.split('\n').findIndex(entry => entry.includes('validate_clusters:')) + 1;
    await snapshots.edit('edge.yaml', 'validate_clusters:', 'validate_cluster:');
    const report = await waitForLine(demo, / error edge\.yaml:/, from);
    expect(report).to.match(new RegExp(`edge\\.yaml:${line}:\\d+ error .*validate_cluster.*\\[AP\\d{4}\\]`));
    const answer = await remove();
    expect(answer.status).to.equal(200);
    expect(answer.reusedConnection).to.equal(true);

    await snapshots.edit('edge.yaml', 'validate_cluster:', 'validate_clusters:');
    await waitForLine(demo, /the snapshot files are accepted/, from);
  });

  it('ends all that it started with SIGTERM', async () => {
    await stopCleanly(demo, 2);
    expect(demo.stderr).to.deep.equal([]);
  });
});

describe('npm start, otherwise', function () {
  this.timeout(30_000);

  it('runs the control plane alone with --no-envoy and says how to bring a proxy', async () => {
    await using directory = await temporaryDirectory();
    const { snapshots } = await copyExample(directory.path);
    const workDirectory = join(directory.path, 'work');
    const args = ['--no-envoy', '--snapshots', snapshots.path, '--work-dir', workDirectory, ...FREE_PORTS];
    await using alone = start(...args);
    await waitForLine(alone, /^Ctrl-C ends authplane/);
    const ready = alone.stdout.find(line => line.startsWith('authplane ready')) ?? '';
    const [, xdsPort, admin] = /xds=\S+:(\d+) admin=(\S+) /.exec(ready) ?? [];
    expect(alone.stdout.some(line => line.includes(`--xds-address 127.0.0.1:${xdsPort} `))).to.equal(true);
    expect((await fetch(`http://${admin}/readyz`)).status).to.equal(200);
    await stopCleanly(alone, 1);
  });

  it('leaves nothing behind when it is ended while it starts', async () => {
    await using directory = await temporaryDirectory();
    const { snapshots } = await copyExample(directory.path);
    for (const moment of [/^made the keys/, /^authplane ready/, /^Envoy serves/]) {
      await snapshots.remove('generated').catch(() => undefined);
      const workDirectory = join(directory.path, 'work');
      await using early = start('--snapshots', snapshots.path, '--work-dir', workDirectory, ...FREE_PORTS);
      await waitForLine(early, moment);
      const { code, signal } = await early.stop('SIGTERM');
      expect([0, 'SIGTERM'], early.tail()).to.include(code ?? signal);
      expect(await commandsWith(directory.path)).to.deep.equal([]);
    }
  });

  it('says which port is taken, what it is for, and what to do', async () => {
    await using directory = await temporaryDirectory();
    const { snapshots, port } = await copyExample(directory.path);
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = (other.address() as AddressInfo).port;
    try {
      const common = [
        '--snapshots',
        snapshots.path,
        '--work-dir',
        join(directory.path, 'work'),
        ...FREE_PORTS,
      ];
      await using first = start(...common, '--xds-port', String(taken));
      expect((await first.exited).code).to.equal(1);
      expect(first.stderr.join('\n')).to.match(
        new RegExp(`^port ${taken}, for the xDS server, .*--xds-port`),
      );

      await snapshots.edit('edge.yaml', `port_value: ${port}`, `port_value: ${taken}`);
      await using second = start(...common);
      expect((await second.exited).code).to.equal(1);
      expect(second.stderr.join('\n')).to.match(new RegExp(`^port ${taken}, for the listener.*edge\\.yaml`));
    } finally {
      other.close();
      await once(other, 'close');
    }
  });

  it('explains its options when it is given one that it does not know', async () => {
    await using wrong = start('--snapshot', 'x');
    expect((await wrong.exited).code).to.equal(64);
    expect(wrong.stderr.join('\n')).to.contain("'--snapshot'").and.to.contain('Usage: npm start');
  });

  it('wants the example, or to be told that no Envoy is wanted', async () => {
    await using directory = await temporaryDirectory();
    await using wrong = start('--snapshots', directory.path, ...FREE_PORTS);
    expect((await wrong.exited).code).to.equal(1);
    expect(wrong.stderr.join('\n')).to.contain('--no-envoy').and.to.contain('edge.yaml');
  });
});
