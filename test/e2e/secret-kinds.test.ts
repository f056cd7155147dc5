import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { ADS, plainListener, routesOf } from '../support/demand-snapshot.ts';
import { ProxyEnvironment } from '../support/proxy-environment.ts';
import { tlsRequest } from '../support/tls-client.ts';
import { waitFor } from '../support/wait-for.ts';

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

describe('kinds of secrets with a real Envoy', function () {
  this.timeout(60_000);
  this.bail(true);
  const authority = CertificateAuthority.create('a');
  const partner = CertificateAuthority.create('b');
  const ec = authority.issue({ dnsNames: ['localhost'] });
  const rsa = authority.issue({ dnsNames: ['localhost'], keyType: 'rsa' });
  const client = authority.issue({ uris: ['spiffe://a.test/edge/1'] });
  const fromPartner = partner.issue({ uris: ['spiffe://b.test/edge/1'] });
  const forged = partner.issue({ uris: ['spiffe://a.test/edge/1'] });
  const otherName = authority.issue({ uris: ['spiffe://a.test/node/1'] });
  let environment: ProxyEnvironment;
  let openPort: number;
  let mutualPort: number;

  /** A listener that answers 200 by itself. */
  const listener = (name: string, port: number, context: object, common: object): object => {
    const plain = plainListener(name, port, routesOf('main'));
    const [chain] = plain.filter_chains;
    const certificates = ['ec', 'rsa'].map(secret => ({ name: secret, sds_config: ADS }));
    const typedConfig = {
      '@type': TLS,
      common_tls_context: { tls_certificate_sds_secret_configs: certificates, ...common },
      ...context,
    };
    const socket = { name: 'envoy.transport_sockets.tls', typed_config: typedConfig };
    return { ...plain, filter_chains: [{ ...chain, transport_socket: socket }] };
  };

  before(async () => {
    openPort = await freePort();
    mutualPort = await freePort();
    const route = { match: { prefix: '/' }, direct_response: { status: 200 } };
    environment = await ProxyEnvironment.start({
      bootstrap: 'ads-delta',
      files: {
        'tls/tls.crt': ec.chainPem,
        'tls/tls.key': ec.privateKeyPem,
        'rsa.pem': rsa.chainPem,
        'rsa.key': rsa.privateKeyPem,
        'a.pem': authority.certificatePem,
        'b.pem': partner.certificatePem,
        'new.key': randomBytes(40).toString('hex'),
        'old.key': randomBytes(40).toString('hex'),
        'edge.yaml': {
          certificates: [
            { name: 'ec', directory: 'tls' },
            { name: 'rsa', certificate_chain: 'rsa.pem', private_key: 'rsa.key' },
          ],
          trust_bundles: [
            {
              name: 'domains',
              spiffe_bundles: [
                { trust_domain: 'a.test', trusted_ca: 'a.pem' },
                { trust_domain: 'b.test', trusted_ca: 'b.pem' },
              ],
              subject_alt_names: [
                { san_type: 'URI', matcher: { safe_regex: { regex: 'spiffe://[ab]\\.test/edge/.*' } } },
              ],
            },
          ],
          session_ticket_keys: [{ name: 'tickets', keys: ['old.key'] }],
          listeners: [
            listener(
              'open',
              openPort,
              { session_ticket_keys_sds_secret_config: { name: 'tickets', sds_config: ADS } },
              {},
            ),
            listener(
              'mutual',
              mutualPort,
              { require_client_certificate: true },
              { validation_context_sds_secret_config: { name: 'domains', sds_config: ADS } },
            ),
          ],
          routes: [{ name: 'main', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] }],
        },
      },
    });
  });

  after(() => environment[Symbol.asyncDispose]());

  /** A connection over TLS 1.2, where the server names the session that is resumed. */
  async function visit(session?: Buffer): Promise<{ readonly isResumed: boolean; readonly session: Buffer }> {
    const socket = connect({
      host: '127.0.0.1',
      port: openPort,
      servername: 'localhost',
      ca: authority.certificatePem,
      maxVersion: 'TLSv1.2',
      ...(session === undefined ? {} : { session }),
    });
    await once(socket, 'secureConnect');
    const own = socket.getSession();
    const isResumed = socket.isSessionReused();
    socket.destroy();
    if (own === undefined) throw new Error('no session');
    return { isResumed, session: own };
  }

  it('gives EC to who can verify it and RSA to who cannot, from two secrets', async () => {
    const ask = async (sigalgs: string): Promise<string | undefined> =>
      (await tlsRequest(openPort, { ca: authority.certificatePem, sigalgs, maxVersion: 'TLSv1.2' })).keyType;
    await waitFor(
      'the first answer',
      async () => (await ask('ecdsa_secp256r1_sha256').catch(() => '')) === 'ec',
    );
    expect(await ask('rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256:rsa_pkcs1_sha256')).to.be.oneOf([
      'ec',
      'rsa',
    ]);
    const cipher = { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' as const };
    const answer = await tlsRequest(openPort, { ca: authority.certificatePem, ...cipher });
    expect(answer.keyType).to.equal('rsa');
    environment.assertClean();
  });

  it('binds identities to the CAs of their own trust domain, and takes the names that the bundle lists', async () => {
    const status = (own: IssuedCertificate): Promise<number> =>
      tlsRequest(mutualPort, {
        ca: authority.certificatePem,
        cert: own.chainPem,
        key: own.privateKeyPem,
      }).then(
        answer => answer.status,
        () => 0,
      );
    expect(await status(client)).to.equal(200);
    expect(await status(fromPartner)).to.equal(200);
    expect(await status(forged), 'a CA of b.test speaks for a.test').to.equal(0);
    expect(await status(otherName)).to.equal(0);
  });

  it('rotates ticket keys: tickets of the key before are taken, those of a key that is gone are not', async () => {
    const first = await visit();
    expect((await visit(first.session)).isResumed).to.equal(true);
    const keysOf = (text: string): string => /"keys": \[[^\]]*\]/.exec(text)?.[0] ?? '';
    const write = async (...keys: readonly string[]): Promise<void> => {
      const text = await environment.snapshots.read('edge.yaml');
      const updates = await environment.envoy.stat('sds.tickets.update_success');
      await environment.snapshots.write(
        'edge.yaml',
        text.replace(keysOf(text), `"keys": ${JSON.stringify(keys)}`),
      );
      await environment.envoy.waitForStat('sds.tickets.update_success', count => count > updates);
    };
    await write('new.key', 'old.key');
    const renewed = await visit(first.session);
    expect(renewed.isResumed, 'the old key decrypts still').to.equal(true);
    const { session: fresh } = await visit();
    await write('new.key');
    await waitFor('the end of old tickets', async () => !(await visit(first.session)).isResumed);
    expect((await visit(fresh)).isResumed, 'the new key encrypts since it is in front').to.equal(true);
    environment.assertClean();
  });

  it('follows a directory that is swapped as Kubernetes does', async () => {
    const renewed = authority.issue({ dnsNames: ['localhost'] });
    const staged = join(environment.snapshots.path, 'tls', '..staged');
    await writeFile(staged, renewed.privateKeyPem);
    await rename(staged, join(environment.snapshots.path, 'tls', 'tls.key'));
    await writeFile(staged, renewed.chainPem);
    await rename(staged, join(environment.snapshots.path, 'tls', 'tls.crt'));
    const serial = async (): Promise<string> =>
      (await tlsRequest(openPort, { ca: authority.certificatePem, sigalgs: 'ecdsa_secp256r1_sha256' }))
        .serialNumber;
    await waitFor('the new certificate', async () => (await serial()) === renewed.serialNumber);
    environment.assertClean();
  });
});
