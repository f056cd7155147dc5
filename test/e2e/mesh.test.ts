import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import type { Authority } from '../../src/authority/authority.ts';
import type { IssuedRecord } from '../../src/authority/authority-state.ts';
import { openAuthority } from '../../src/authority/open-authority.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { AuthplaneProcess } from '../support/authplane-process.ts';
import { loadBootstrap } from '../support/bootstrap.ts';
import { runCli } from '../support/cli.ts';
import { EnvoyProcess } from '../support/envoy-process.ts';
import { EchoUpstream, LongGrpcStream, startGrpcEcho } from '../support/long-streams.ts';
import { meshFiles, type MeshOptions } from '../support/mesh-snapshot.ts';
import { SnapshotDirectory } from '../support/snapshot-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { tlsOptions, tlsRequest, type TlsAnswer, type TlsClientFiles } from '../support/tls-client.ts';
import { waitFor } from '../support/wait-for.ts';

const DAY_MS = 86_400_000;
const REVOKED_LIMIT_MS = 2_000;

for (const bootstrap of ['ads-delta', 'ads-sotw']) {
  describe(`two services with sidecars (${bootstrap})`, function () {
    this.timeout(120_000);
    this.bail(true);
    const stack = new AsyncDisposableStack();
    let snapshots: SnapshotDirectory;
    let authority: Authority;
    let authplane: AuthplaneProcess;
    let options: MeshOptions;
    let api: EnvoyProcess;
    let web: EnvoyProcess;
    let caDir: string;
    const expected: RegExp[] = [];

    const files = (name: string): TlsClientFiles => ({
      trust: join(caDir, 'trust.pem'),
      certificate: join(snapshots.path, 'certs', `${name}.pem`),
      privateKey: join(snapshots.path, 'certs', `${name}.key`),
    });
    const issue = (name: string): Promise<IssuedRecord> =>
      authority.issue(
        name,
        {
          uris: [`spiffe://mesh.test/${name}`],
          dnsNames: [],
          ipAddresses: [],
          usages: ['server', 'client'],
          keyType: 'ec',
          lifetimeMs: 8 * DAY_MS,
        },
        {
          certificatePath: join(snapshots.path, 'certs', `${name}.pem`),
          privateKeyPath: join(snapshots.path, 'certs', `${name}.key`),
        },
      );
    /** A service that has no sidecar calls api itself; the name of its certificate is no host name. */
    const direct = async (name: string): Promise<TlsAnswer> =>
      tlsRequest(options.inbound[0], {
        ...(await tlsOptions(files(name))),
        checkServerIdentity: () => undefined,
      });
    /** web calls api. */
    const call = async (): Promise<{ status: number; body: string }> => {
      const response = await fetch(`http://127.0.0.1:${options.local[0]}/x`);
      return { status: response.status, body: await response.text() };
    };
    const write = async (changes: Partial<MeshOptions> = {}): Promise<void> => {
      for (const [name, file] of Object.entries(meshFiles({ ...options, ...changes })))
        await snapshots.write(name, file);
    };
    const startSidecar = async (service: string): Promise<EnvoyProcess> => {
      const { xdsPort } = authplane;
      const config = await loadBootstrap(bootstrap, { xdsPort, nodeId: `${service}-1` });
      config.node.cluster = service;
      return stack.use(await EnvoyProcess.start(config, { drainTimeS: 600 }));
    };
    function expectClean(): void {
      api.assertClean();
      web.assertClean();
      authplane.assertClean(expected);
    }

    before(async () => {
      const directory = stack.use(await temporaryDirectory());
      caDir = join(directory.path, 'ca');
      snapshots = new SnapshotDirectory(join(directory.path, 'snapshots'));
      await mkdir(snapshots.path);
      authority = await openAuthority(caDir, undefined, systemClock);
      await authority.init('mesh');
      for (const name of ['api', 'web', 'other', 'leaver']) await issue(name);
      const http = stack.use(await EchoUpstream.start());
      const grpc = stack.use(await startGrpcEcho());
      const raw = stack.use(await startTcpEcho());
      const ports = async (): Promise<[number, number, number]> => [
        await freePort(),
        await freePort(),
        await freePort(),
      ];
      options = {
        inbound: await ports(),
        web: await freePort(),
        app: [http.port, grpc.port, raw.port],
        local: await ports(),
        caDir,
      };
      await write();
      const stateDirectory = join(directory.path, 'state');
      authplane = stack.use(await AuthplaneProcess.start({ snapshots: snapshots.path, stateDirectory }));
      api = await startSidecar('api');
      web = await startSidecar('web');
      await Promise.all([api.waitUntilLive(), web.waitUntilLive()]);
      await waitFor('the first call', async () => (await call().catch(() => undefined))?.status === 200);
    });

    after(() => stack.disposeAsync());

    it('let an allowed caller through, and tell the service who it is', async () => {
      const { status, body } = await call();
      expect(status).to.equal(200);
      const { headers } = JSON.parse(body) as { headers: Record<string, string> };
      expect(headers['x-forwarded-client-cert']).to.contain('URI=spiffe://mesh.test/web');
      expect(await tcpEcho(options.local[2])).to.equal('ping');
      using stream = await LongGrpcStream.open(options.local[1], '/grpc/echo', '');
      expect(await stream.echo('ping')).to.equal(true);
      expectClean();
    });

    it('refuse another identity with 403, and on a TCP port at all', async () => {
      expect((await direct('other')).status).to.equal(403);
      const tls = { ...(await tlsOptions(files('other'))), checkServerIdentity: () => undefined };
      const socket = connectTls({ host: '127.0.0.1', port: options.inbound[2], ...tls });
      socket.on('error', () => undefined);
      socket.write('ping');
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      await once(socket, 'close');
      expect(answer).to.equal('');
    });

    it('refuse who shows no certificate, or one of another CA, or speaks plaintext', async () => {
      const { ca } = await tlsOptions({ trust: join(caDir, 'trust.pem') });
      const stranger = CertificateAuthority.create().issue({ uris: ['spiffe://mesh.test/web'] });
      const pairs = [{}, { cert: stranger.chainPem, key: stranger.privateKeyPem }];
      for (const pair of pairs) {
        const refused = await tlsRequest(options.inbound[0], {
          ca: ca ?? '',
          ...pair,
          checkServerIdentity: () => undefined,
        })
          .then(({ status }) => `answered ${status}`)
          .catch((thrown: unknown) => String(thrown));
        expect(refused).to.match(/alert|closed|reset/i);
      }
      const plaintext = await fetch(`http://127.0.0.1:${options.inbound[0]}/`).catch(() => 'refused');
      expect(plaintext).to.equal('refused');
    });

    it('do not take another service for the one that was meant', async () => {
      const renamed = meshFiles(options)['services.yaml'];
      const text = JSON.stringify(renamed).replace(
        'spiffe://mesh.test/api',
        'spiffe://mesh.test/somebody-else',
      );
      // The sidecars of api keep what they have: their certificate is that of the old name.
      expected.push(/^snapshot\.(load_)?rejected /);
      await snapshots.write('services.yaml', text);
      await waitFor('the refusal', async () => (await call()).status === 503);
      await write();
      await waitFor('the call', async () => (await call()).status === 200);
      expectClean();
    });

    it('let a new caller in, and a withdrawn one out again, by an edit', async () => {
      await write({ callers: ['web', 'spiffe://mesh.test/oth*'] });
      await waitFor('the new caller', async () => (await direct('other')).status === 200);
      await write();
      await waitFor('the end of it', async () => (await direct('other')).status === 403);
      expect((await call()).status).to.equal(200);
      expectClean();
    });

    it('refuse a revoked identity within 2 seconds', async () => {
      await write({ callers: ['web', 'spiffe://mesh.test/leaver'] });
      await waitFor('the caller', async () => (await direct('leaver')).status === 200);
      await authority.revoke('leaver');
      const savedMs = Date.now();
      const status = (): Promise<number> =>
        direct('leaver').then(
          answer => answer.status,
          () => 0,
        );
      await waitFor('the refusal', async () => (await status()) === 0);
      expect(Date.now() - savedMs).to.be.lessThan(REVOKED_LIMIT_MS);
      expect((await call()).status).to.equal(200);
      expectClean();
    });

    it('go over to another CA under traffic, with no failed call and no dropped stream', async () => {
      using stream = await LongGrpcStream.open(options.local[1], '/grpc/echo', '');
      const failures: string[] = [];
      let calls = 0;
      let running = true;
      const load = Array.from({ length: 4 }, async (_, worker) => {
        while (running) {
          const { status } = await call().catch((thrown: unknown) => ({ status: String(thrown) }));
          if (status !== 200) failures.push(String(status));
          calls++;
          // One at a time: answers on the stream have no owner.
          if (worker === 0 && !(await stream.echo('x'))) failures.push('the stream is dead');
        }
      });
      const rotated = await runCli([
        'ca',
        'rotate',
        '--wait',
        '--timeout',
        '1m',
        '--ca-dir',
        caDir,
        '--server',
        authplane.adminUrl,
      ]);
      running = false;
      await Promise.all(load);
      expect(rotated.code, rotated.stderr).to.equal(0);
      expect(failures.slice(0, 5)).to.deep.equal([]);
      expect(calls).to.be.greaterThan(20);
      expect(stream.isClosed).to.equal(false);
      expect((await call()).status).to.equal(200);
      expectClean();
    });

    // What Envoy does at that date has nothing to do with how it was told.
    if (bootstrap !== 'ads-delta') return;

    it('take plaintext where a port is permissive, until its date, which Envoy keeps by itself', async () => {
      const expires = new Date(Math.ceil(Date.now() / 1000) * 1000 + 5_000);
      await write({ permissive: { reason: 'batch jobs move in December', expires: expires.toISOString() } });
      const plaintext = async (): Promise<number> =>
        fetch(`http://127.0.0.1:${options.inbound[0]}/`).then(
          response => response.status,
          () => 0,
        );
      await waitFor('plaintext', async () => (await plaintext()) === 200);
      expect(Date.now()).to.be.lessThan(expires.getTime());
      expect((await direct('other')).status, 'mutual TLS is judged as before').to.equal(403);
      await authplane[Symbol.asyncDispose]();
      await waitFor('the end of it', async () => (await plaintext()) === 403, 10_000);
      expect(Date.now()).to.be.within(expires.getTime(), expires.getTime() + 1_500);
      expect((await call()).status).to.equal(200);
    });
  });
}

async function startTcpEcho(): Promise<{ readonly port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

async function tcpEcho(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.write('ping');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString();
}
