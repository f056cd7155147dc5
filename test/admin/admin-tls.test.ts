import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect } from 'chai';
import { AdminServer } from '../../src/admin/admin-server.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { ServerTls, type TlsEvent } from '../../src/tls/server-tls.ts';
import { runCli } from '../support/cli.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const CANARY = 'canary-of-the-api';
const PATHS = [
  '/api/v1/secrets',
  '/api/v1/secrets/x',
  '/api/v1/nodes',
  '/api/v1/snapshots',
  '/metrics',
  '/none',
];

describe('the admin server with TLS', () => {
  const authority = CertificateAuthority.create('site');
  const operator = authority.issue({ uris: ['spiffe://a.test/operator/ann'] });
  const proxy = authority.issue({ uris: ['spiffe://a.test/edge/1'], dnsNames: ['edge-1.a.test'] });
  const leaver = authority.issue({ uris: ['spiffe://a.test/operator/bob'] });
  const expired = authority.issue({
    uris: ['spiffe://a.test/operator/old'],
    notBefore: new Date(0),
    notAfter: new Date(86_400_000),
  });
  const stranger = CertificateAuthority.create('other').issue({ uris: ['spiffe://a.test/operator/ann'] });
  const own = authority.issue({ dnsNames: ['localhost'] });
  const refusals: string[] = [];
  const events: TlsEvent[] = [];
  let directory: TemporaryDirectory;
  let server: AdminServer;
  let tls: ServerTls;

  const path = (name: string): string => join(directory.path, name);

  before(async () => {
    directory = await temporaryDirectory();
    await writeFile(path('tls.pem'), own.chainPem);
    await writeFile(path('tls.key'), own.privateKeyPem);
    await writeFile(path('ca.pem'), authority.certificatePem);
    await writeFile(path('ca.crl'), authority.revocationList([leaver]));
    tls = await ServerTls.load(
      { clock: systemClock, observe: event => void events.push(event) },
      {
        title: 'admin server',
        files: {
          certPath: path('tls.pem'),
          keyPath: path('tls.key'),
          clientCaPath: path('ca.pem'),
          clientCrlPath: path('ca.crl'),
        },
        pollMs: 50,
      },
    );
    const answer = (): never => {
      throw new Error(CANARY);
    };
    server = new AdminServer(
      {
        status: {
          health: () => ({ ready: true, checks: [] }),
          nodes: answer,
          node: answer,
          nacks: answer,
          secrets: () => [],
          secret: answer,
          snapshots: answer,
        },
        metrics: () => Promise.resolve({ contentType: 'text/plain', body: `${CANARY} 1\n` }),
        onRequest: () => undefined,
        onRefused: ({ reason }) => refusals.push(reason),
        onError: () => undefined,
      },
      {
        host: '127.0.0.1',
        port: 0,
        tls: {
          load: apply => {
            tls.follow(apply);
            return Promise.resolve();
          },
          stop: () => tls[Symbol.dispose](),
          asksForCertificates: true,
          guard: {
            clients: ['spiffe://a.test/operator/*'],
            isRevoked: certificate => tls.isRevoked(certificate),
          },
        },
      },
    );
    await server.start();
  });

  after(async () => {
    await server.stop();
    await directory[Symbol.asyncDispose]();
  });

  /** Status and body; what TLS refuses is status 0. */
  async function get(url: string, client?: IssuedCertificate): Promise<{ status: number; body: string }> {
    const outgoing = request({
      host: '127.0.0.1',
      port: server.address.port,
      path: url,
      servername: 'localhost',
      ca: authority.certificatePem,
      agent: false,
      ...(client === undefined ? {} : { cert: client.chainPem, key: client.privateKeyPem }),
    });
    outgoing.end();
    try {
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      let body = '';
      for await (const chunk of response) body += String(chunk);
      return { status: response.statusCode ?? 0, body };
    } catch {
      return { status: 0, body: '' };
    }
  }

  it('shows the API to whom it names', async () => {
    expect(await get('/api/v1/secrets', operator)).to.deep.equal({ status: 200, body: '{"secrets":[]}' });
    expect((await get('/metrics', operator)).body).to.contain(CANARY);
  });

  for (const [title, client, reason] of [
    ['no certificate', undefined, /client certificate of a trusted CA/],
    ['a certificate of another CA', stranger, /client certificate of a trusted CA/],
    ['the certificate of a proxy', proxy, /none of the names/],
    ['an expired certificate', expired, /client certificate of a trusted CA|expired/],
    ['a revoked certificate', leaver, /client certificate of a trusted CA|revoked/],
  ] as const) {
    it(`shows nothing of it to ${title}`, async () => {
      for (const url of PATHS) {
        const before = refusals.length;
        const { status, body } = await get(url, client);
        expect(status, url).to.equal(403);
        expect(body).to.match(reason).and.not.contain(CANARY);
        expect(refusals.length, 'it is told').to.equal(before + 1);
      }
    });
  }

  it('answers probes without a certificate', async () => {
    expect((await get('/livez')).status).to.equal(200);
    expect((await get('/readyz', stranger)).status).to.equal(200);
  });

  it('takes a new certificate for new connections', async () => {
    const loaded = events.length;
    const renewed = authority.issue({ dnsNames: ['localhost'] });
    await writeFile(path('tls.key'), renewed.privateKeyPem);
    await writeFile(path('tls.pem'), renewed.chainPem);
    await waitFor('the new certificate', () => events.slice(loaded).some(({ kind }) => kind === 'tlsLoaded'));
    expect((await get('/livez')).status).to.equal(200);
  });

  it('is reached by the command line with the same files', async () => {
    await writeFile(path('me.pem'), operator.chainPem);
    await writeFile(path('me.key'), operator.privateKeyPem);
    await writeFile(path('edge.pem'), proxy.chainPem);
    await writeFile(path('edge.key'), proxy.privateKeyPem);
    const flags = ['--server', `https://localhost:${server.address.port}`, '--server-ca', path('ca.pem')];
    const as = (name: string): readonly string[] => [
      '--client-cert',
      path(`${name}.pem`),
      '--client-key',
      path(`${name}.key`),
    ];
    expect((await runCli(['secrets', 'list', ...flags, ...as('me')])).code).to.equal(0);
    const denied = await runCli(['secrets', 'list', ...flags, ...as('edge')]);
    expect([denied.code, denied.stderr]).to.deep.equal([
      6,
      `authplane: https://localhost:${server.address.port} refuses: the client certificate has none of the names that may read this API\n`,
    ]);
    expect((await runCli(['secrets', 'list', ...flags])).code).to.equal(6);
    expect((await runCli(['secrets', 'list', ...flags, '--client-cert', path('me.pem')])).code).to.equal(64);
    expect((await runCli(['secrets', 'list', ...flags.slice(0, 2)])).code).to.equal(5);
  });
});
