import { expect } from 'chai';
import { cp, readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { Child } from '../../scripts/child-process.ts';
import { demoPaths, demoToken } from '../../scripts/demo-keys.ts';
import { httpsRequest, type HttpsAnswer } from '../../scripts/https-request.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import { envoyBinary } from '../support/envoy-binary.ts';
import { freePort } from '../support/free-port.ts';
import { SnapshotDirectory } from '../support/snapshot-directory.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const ALLOWED_TO_DELETE = `
        orders:
          permissions:
          - and_rules:
              rules:
              - url_path:
                  path: {prefix: /orders/}
              - header:
                  name: :method
                  string_match: {exact: DELETE}
          principals:
          - sourced_metadata: *reader
`;

describe('npm start', function () {
  this.timeout(60_000);
  this.bail(true);
  let directory: TemporaryDirectory;
  let snapshots: SnapshotDirectory;
  let start: Child;
  let listenerPort: number;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** A copy of the example with ports of its own, so that the test can edit it and run beside a real `npm start`. */
  before(async () => {
    directory = await temporaryDirectory();
    snapshots = new SnapshotDirectory(join(directory.path, 'snapshots'));
    await cp(join(REPOSITORY, 'snapshots'), snapshots.path, {
      recursive: true,
      filter: source => !source.includes('generated'),
    });
    listenerPort = await freePort();
    await snapshots.edit('edge.yaml', 'port_value: 10000', `port_value: ${listenerPort}`);
    await snapshots.edit('edge.yaml', 'port_value: 18081', `port_value: ${await freePort()}`);
    await snapshots.edit('edge.yaml', 'port_value: 18082', `port_value: ${await freePort()}`);
  });

  after(async () => {
    agent.destroy();
    await start.stop('SIGKILL');
    await directory[Symbol.asyncDispose]();
  });

  async function request(method: string): Promise<HttpsAnswer> {
    return httpsRequest({
      port: listenerPort,
      path: '/orders/7',
      method,
      agent,
      ca: await readFile(demoPaths(snapshots.path).ca, 'utf8'),
      token: await demoToken(snapshots.path, { sub: 'alice', roles: ['reader'] }),
    });
  }

  async function printed(what: string, pattern: RegExp): Promise<string> {
    return waitFor(
      what,
      () => {
        if (start.hasExited) throw new Error('npm start ended');
        return start.stdout.find(line => pattern.test(line));
      },
      30_000,
    ).catch((thrown: unknown) => {
      throw new Error(start.tail(40), { cause: thrown });
    });
  }

  it('makes its own keys and shows a request that is allowed and two that are denied', async () => {
    start = Child.start(
      process.execPath,
      [
        join(REPOSITORY, 'scripts', 'start.ts'),
        ...['--snapshots', snapshots.path, '--work-dir', join(directory.path, 'work')],
        ...['--xds-port', '0', '--admin-port', '0', '--envoy-admin-port', '0'],
      ],
      { cwd: REPOSITORY, env: { ENVOY: await envoyBinary() } },
    );
    await printed('the end of the greeting', /^Ctrl-C ends everything/);
    const statuses = start.stdout.filter(line => /^\d{3} /.test(line)).map(line => line.slice(0, 3));
    expect(statuses).to.deep.equal(['200', '401', '403']);
  });

  it('lets an edit of the files take effect on the open connection', async () => {
    expect((await request('DELETE')).status).to.equal(403);
    const text = await snapshots.read('edge.yaml');
    await snapshots.edit('edge.yaml', '\nclusters:\n', `${ALLOWED_TO_DELETE}\nclusters:\n`);
    const answer = await waitFor('DELETE is allowed', async () => {
      const last = await request('DELETE');
      return last.status === 200 && last;
    });
    expect(answer.reusedConnection).to.equal(true);
    await snapshots.write('edge.yaml', text);
    await waitFor('DELETE is denied', async () => (await request('DELETE')).status === 403);
  });

  it('says what is wrong with a bad edit, and keeps what it has', async () => {
    const text = await snapshots.read('edge.yaml');
    await snapshots.edit('edge.yaml', 'normalize_path', 'normalise_path');
    await printed('the mistake', /edge\.yaml:\d+:\d+ error unknown field "normalise_path".*\[AP1101\]/);
    const answer = await request('GET');
    expect(answer.status).to.equal(200);
    expect(answer.reusedConnection).to.equal(true);
    await snapshots.write('edge.yaml', text);
  });

  it('refuses to lose the keys of the example', async () => {
    await snapshots.remove('generated/keys.yaml');
    await printed('the filter that is missing', /\[AP1305\]/);
    expect((await request('GET')).status).to.equal(200);
  });

  it('ends everything that it started on SIGTERM', async () => {
    expect((await start.stop('SIGTERM')).code).to.equal(0);
    const answer = await request('GET').catch(() => 'refused');
    expect(answer).to.equal('refused');
  });
});
