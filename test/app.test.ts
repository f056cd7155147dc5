import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import type { SnapshotsStatus } from '../src/admin/status-source.ts';
import { App } from '../src/app.ts';
import { CertificateAuthority } from '../src/authority/certificate-authority.ts';
import type { ReadyReport } from '../src/observability/ready-report.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createLogger } from '../src/platform/log.ts';
import { confirmShrink } from '../src/store/shrink-confirmation.ts';
import { serveSettings } from './support/serve-settings.ts';
import { clusterFile, writeFiles } from './support/snapshot-files.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';
import { waitFor } from './support/wait-for.ts';

/** A server in this process; stopped when disposed. */
class Running implements AsyncDisposable {
  readonly reports: ReadyReport[] = [];
  readonly logLines: string[] = [];
  readonly app: App;

  private constructor(directory: string, flags: Readonly<Record<string, string>>) {
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        this.logLines.push(String(chunk));
        done();
      },
    });
    this.app = new App(serveSettings(directory, flags), {
      environment: {},
      log: createLogger('info', sink),
      clock: systemClock,
      onReady: report => this.reports.push(report),
    });
  }

  static async start(directory: string, flags: Readonly<Record<string, string>> = {}): Promise<Running> {
    const running = new Running(directory, flags);
    await running.app.start();
    return running;
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`http://${this.app.addresses?.admin ?? ''}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async snapshots(): Promise<SnapshotsStatus> {
    return JSON.parse((await this.get('/api/v1/snapshots')).body) as SnapshotsStatus;
  }

  events(event: string): readonly Record<string, unknown>[] {
    return this.logLines
      .map(line => JSON.parse(line) as Record<string, unknown>)
      .filter(entry => entry['event'] === event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.stop();
  }
}

describe('App', () => {
  it('is ready once, with what it serves', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, {
      'snapshots/a.yaml': clusterFile('a'),
      'snapshots/b.yaml': clusterFile('b'),
    });
    await using running = await Running.start(directory.path);
    expect(running.reports).to.have.length(1);
    expect(running.reports[0]).to.include({ groups: 1, resources: 2 });
    expect(running.reports[0]?.xds).to.match(/^127\.0\.0\.1:[1-9]\d*$/);
    expect((await running.get('/readyz')).status).to.equal(200);
    const { body } = await running.get('/metrics');
    expect(body).to.contain('authplane_snapshot_resources{type="cds"} 2');
    expect(body).to.contain('authplane_ready 1');
    expect(body).to.contain('process_cpu_seconds_total');
    expect(running.events('snapshot.loaded')).to.have.length(1);
  });

  it('tells when the certificates of its proxies end', async () => {
    await using directory = await temporaryDirectory();
    const authority = CertificateAuthority.create();
    const notAfter = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 30 * 86_400_000);
    const [late, soon] = [authority.issue(), authority.issue({ notAfter })];
    await writeFiles(directory.path, {
      'snapshots/a.yaml': `${clusterFile('a')}certificates:
- {name: late, certificate_chain: late.pem, private_key: late.key}
- {name: soon, certificate_chain: soon.pem, private_key: soon.key}
trust_bundles:
- {name: old, trusted_ca: ca.pem}
`,
      'snapshots/late.pem': late.chainPem,
      'snapshots/late.key': late.privateKeyPem,
      'snapshots/soon.pem': soon.chainPem,
      'snapshots/soon.key': soon.privateKeyPem,
      'snapshots/ca.pem': authority.certificatePem,
    });
    await using running = await Running.start(directory.path);
    const { groups } = await running.snapshots();
    expect(groups[0]?.certificates.map(({ name }) => name).sort()).to.deep.equal(['late', 'soon']);
    expect(groups[0]?.certificates.find(({ name }) => name === 'soon')?.not_after).to.equal(
      notAfter.toISOString(),
    );
    expect((await running.get('/metrics')).body).to.contain(
      `authplane_snapshot_certificate_not_after_timestamp_seconds{group="a.yaml"} ${notAfter.getTime() / 1_000}`,
    );
  });

  it('stays up without a valid snapshot, says why, and becomes ready with the first good one', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': 'clusters: [{name: a, bogus: 1}]' });
    await using running = await Running.start(directory.path);
    expect(running.app.isReady).to.equal(false);
    expect(running.reports).to.deep.equal([]);
    const verbose = await running.get('/readyz?verbose');
    expect(verbose.status).to.equal(503);
    expect(verbose.body).to.contain('no valid snapshot was loaded yet');
    expect((await running.get('/livez')).status).to.equal(200);
    expect(running.events('snapshot.rejected')[0]).to.include({
      error_code: 'AP1101',
      file: 'a.yaml',
      line: 1,
    });
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('a') });
    await waitFor('readiness', () => running.app.isReady);
    expect(running.reports).to.have.length(1);
    expect((await running.get('/readyz')).status).to.equal(200);
  });

  it('keeps what it serves, and its readiness, after a bad edit; each diagnostic is logged once', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('a') });
    await using running = await Running.start(directory.path);
    const [before] = (await running.snapshots()).groups;
    await writeFiles(directory.path, { 'snapshots/a.yaml': `${clusterFile('a')}listeners: [{nam: x}]\n` });
    await waitFor('the refusal', async () => (await running.snapshots()).last_load === 'invalid');
    const status = await running.snapshots();
    expect(status.groups[0]).to.include({ version: before?.version, state: 'held' });
    expect(status.diagnostics[0]).to.include({ file: 'a.yaml', code: 'AP1101', severity: 'error' });
    expect((await running.get('/readyz')).status).to.equal(200);
    running.app.rescan();
    await waitFor('a rescan', async () => (await running.get('/metrics')).body.includes('trigger="signal"'));
    const rejected = running.events('snapshot.rejected').map(entry => entry['msg']);
    expect(new Set(rejected).size).to.equal(rejected.length);
    expect((await running.get('/metrics')).body).to.contain('authplane_snapshot_last_load_successful 0');
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('b') });
    await waitFor('the repair', async () => (await running.snapshots()).last_load === 'ok');
  });

  it('serves the last good snapshot after a restart with broken files', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('a') });
    let version: string | undefined;
    {
      await using first = await Running.start(directory.path);
      version = (await first.snapshots()).groups[0]?.version;
    }
    await writeFile(join(directory.path, 'snapshots/a.yaml'), 'clusters: [');
    await using second = await Running.start(directory.path);
    expect(second.reports[0]).to.include({ groups: 1, resources: 1 });
    expect((await second.snapshots()).groups[0]).to.include({ version, state: 'stale-source' });
  });

  it('keeps nothing over a restart without a key or the permission for clear text, and says so', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('a') });
    const flags = { 'state-plaintext': 'false' };
    {
      await using running = await Running.start(directory.path, flags);
      expect(running.events('state.not_kept')).to.have.length(1);
    }
    expect(await readdir(join(directory.path, 'state'))).to.not.include('last-known-good');
    await writeFiles(directory.path, { 'snapshots/a.yaml': 'clusters: [{nmae: a}]' });
    await using again = await Running.start(directory.path, flags);
    expect(again.reports).to.deep.equal([]);
  });

  it('holds back an emptied directory until it is confirmed, and stays ready', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('a') });
    await using running = await Running.start(directory.path);
    await rm(join(directory.path, 'snapshots'), { recursive: true });
    await waitFor('the guard', async () => (await running.snapshots()).last_load === 'guarded');
    const { confirm, groups } = await running.snapshots();
    expect(groups).to.have.length(1);
    await confirmShrink(join(directory.path, 'state'), confirm ?? '');
    await waitFor('the confirmation', async () => (await running.snapshots()).last_load !== 'guarded');
    expect((await running.snapshots()).confirm).to.equal(null);
    expect((await running.get('/readyz')).status).to.equal(200);
  }).timeout(20_000);

  it('is not ready from the first moment of a drain, and then ends', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('a') });
    await using running = await Running.start(directory.path, { 'drain-delay': '300ms' });
    const drained = running.app.drain();
    expect((await running.get('/readyz')).status).to.equal(503);
    expect((await running.get('/livez')).status).to.equal(200);
    await drained;
    expect(await running.get('/livez').catch(() => 'gone')).to.equal('gone');
  });

  it('refuses a state directory that another process uses', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, { 'snapshots/a.yaml': clusterFile('a') });
    await using first = await Running.start(directory.path);
    expect(first.app.isReady).to.equal(true);
    const failure: unknown = await Running.start(directory.path).catch((thrown: unknown) => thrown);
    expect(failure).to.include({ code: 'STATE_DIR_UNUSABLE' });
  });

  it('leaves nothing running when an address is taken', async () => {
    await using directory = await temporaryDirectory();
    await mkdir(join(directory.path, 'snapshots'));
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const flag of ['xds-address', 'admin-address']) {
      const flags = { [flag]: `127.0.0.1:${port}` };
      const failure: unknown = await Running.start(directory.path, flags).catch((thrown: unknown) => thrown);
      expect(failure, flag).to.include({ code: 'LISTEN_FAILED' });
    }
    blocker.close();
    // The lock of the state directory was given back.
    await using running = await Running.start(directory.path);
    expect(running.app.addresses).not.to.equal(undefined);
  });

  it('refuses TLS files that cannot be used', async () => {
    await using directory = await temporaryDirectory();
    await writeFiles(directory.path, {
      'snapshots/a.yaml': clusterFile('a'),
      'tls.pem': 'x',
      'tls.key': 'y',
    });
    const flags = {
      'xds-tls-cert': join(directory.path, 'tls.pem'),
      'xds-tls-key': join(directory.path, 'tls.key'),
    };
    const failure: unknown = await Running.start(directory.path, flags).catch((thrown: unknown) => thrown);
    expect(failure).to.include({ code: 'TLS_FILES_INVALID' });
  });
});
