import { expect } from 'chai';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:tls';
import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testClaims,
  testProvider,
} from '../support/auth-snapshot.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { ProxyEnvironment } from '../support/proxy-environment.ts';
import { Upstream, type UpstreamAnswer } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

const ADS = { ads: {}, resource_api_version: 'V3' };

/** TLS that asks for a client certificate; with `acceptUntrusted` one that nobody has verified is let into the connection. */
function tls(acceptUntrusted: boolean): object {
  const trust = acceptUntrusted ? { trust_chain_verification: 'ACCEPT_UNTRUSTED' } : {};
  return {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
        require_client_certificate: false,
        common_tls_context: {
          tls_certificate_sds_secret_configs: [{ name: 'edge-tls', sds_config: ADS }],
          combined_validation_context: {
            default_validation_context: trust,
            validation_context_sds_secret_config: { name: 'clients', sds_config: ADS },
          },
        },
      },
    },
  };
}

describe('client certificates in auth chains with a real Envoy', function () {
  this.timeout(60_000);
  this.bail(true);
  const authority = CertificateAuthority.create();
  const stranger = CertificateAuthority.create('stranger');
  const key = new TokenKey();
  const certificateOf = (issuer: CertificateAuthority, name: string): IssuedCertificate =>
    issuer.issue({
      uris: [`spiffe://mesh.test/${name}`],
      dnsNames: [`${name.replaceAll('/', '-')}.mesh.test`],
    });
  const web = certificateOf(authority, 'ns/shop/sa/web');
  let upstream: Upstream;
  let environment: ProxyEnvironment;
  let strictPort: number;
  let loosePort: number;

  async function send(
    port: number,
    path: string,
    certificate: IssuedCertificate | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly body: string }> {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      headers,
      ca: authority.certificatePem,
      servername: 'localhost',
      agent: false,
      ...(certificate === undefined ? {} : { cert: certificate.chainPem, key: certificate.privateKeyPem }),
    });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
    return { status: response.statusCode ?? 0, body };
  }

  before(async () => {
    upstream = await Upstream.start('up');
    strictPort = await freePort();
    loosePort = await freePort();
    const edge = authority.issue({ dnsNames: ['localhost'] });
    const listener = (name: string, port: number, acceptUntrusted: boolean) => ({
      ...authListener({ name, port, chain: 'web', filterChain: tls(acceptUntrusted) }),
    });
    environment = await ProxyEnvironment.start({
      bootstrap: 'ads-delta',
      files: {
        'edge.pem': edge.chainPem,
        'edge.key': edge.privateKeyPem,
        'ca.pem': authority.certificatePem,
        'jwks.json': jwksOf([key]),
        'edge.yaml': {
          certificates: [{ name: 'edge-tls', certificate_chain: 'edge.pem', private_key: 'edge.key' }],
          trust_bundles: [{ name: 'clients', trusted_ca: 'ca.pem' }],
          listeners: [listener('strict', strictPort, false), listener('loose', loosePort, true)],
          clusters: [loopbackCluster('up', upstream.port)],
          routes: [
            authRoutes([
              authRoute({ prefix: '/dns/' }, 'up', { chain: 'dns' }),
              authRoute({ prefix: '/either/' }, 'up', { chain: 'either' }),
              authRoute({ prefix: '/policy/' }, 'up', { chain: 'policy' }),
              authRoute({ prefix: '/' }, 'up'),
            ]),
          ],
        },
        'auth.yaml': {
          jwt_providers: [testProvider()],
          auth_chains: [
            {
              name: 'web',
              authenticate: [{ client_certificate: { spiffe: ['spiffe://mesh.test/ns/*/sa/web'] } }],
              set_headers: [{ name: 'x-peer', value: '%DOWNSTREAM_PEER_URI_SAN%' }],
            },
            { name: 'dns', authenticate: [{ client_certificate: { dns: ['*.mesh.test'] } }] },
            {
              name: 'either',
              authenticate: [
                { client_certificate: { spiffe: ['spiffe://mesh.test/ns/**'] } },
                { jwt: { provider: 'idp' } },
              ],
            },
            {
              name: 'policy',
              authenticate: [{ client_certificate: { spiffe: ['spiffe://mesh.test/**'] } }],
              authorize: { policies: ['admins'] },
            },
          ],
          policies: [
            { name: 'admins', effect: 'allow', principals: { spiffe: ['spiffe://mesh.test/admin'] } },
          ],
        },
      },
    });
    await waitFor('the first answer', async () => (await send(strictPort, '/x', web)).status === 200);
  });

  after(async () => {
    await environment[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  it('let in a certificate with such a name, and tell the upstream whose it is', async () => {
    const answer = await send(strictPort, '/x', web, { 'x-peer': 'spiffe://mesh.test/root' });
    expect(answer.status).to.equal(200);
    const { headers } = JSON.parse(answer.body) as UpstreamAnswer;
    expect(headers['x-peer']).to.equal('spiffe://mesh.test/ns/shop/sa/web');
    expect(headers).not.to.have.property('x-forwarded-client-cert');
    expect((await send(strictPort, '/dns/x', certificateOf(authority, 'db'))).status).to.equal(200);
  });

  it('refuse another name, no certificate, and what the client says in a header', async () => {
    for (const name of ['ns/shop/sa/web2', 'ns/a/b/sa/web', 'ns/shop/sa/web/x', 'web']) {
      expect((await send(strictPort, '/x', certificateOf(authority, name))).status, name).to.equal(403);
    }
    expect((await send(strictPort, '/x', undefined)).status).to.equal(403);
    const xfcc = { 'x-forwarded-client-cert': 'URI=spiffe://mesh.test/ns/shop/sa/web' };
    expect((await send(strictPort, '/x', undefined, xfcc)).status).to.equal(403);
  });

  it('refuse a certificate that was not verified, also when the listener lets it into the connection', async () => {
    const forged = certificateOf(stranger, 'ns/shop/sa/web');
    expect((await send(loosePort, '/x', forged)).status).to.equal(403);
    expect((await send(loosePort, '/x', web)).status).to.equal(200);
  });

  it('let in who comes back with a session that it could resume', async () => {
    for (const port of [strictPort, loosePort]) {
      let session: Buffer | undefined;
      for (let visit = 0; visit < 3; visit++) {
        const options = { port, servername: 'localhost', ca: authority.certificatePem, session };
        const socket = connect({ ...options, cert: web.chainPem, key: web.privateKeyPem });
        socket.on('session', (offered: Buffer) => (session = offered));
        socket.write('GET /x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
        let answer = '';
        for await (const chunk of socket) answer += String(chunk);
        expect(answer.slice(0, 12), `visit ${visit}`).to.equal('HTTP/1.1 200');
      }
    }
  });

  it('are one of several ways in', async () => {
    const token = `Bearer ${key.sign(testClaims())}`;
    expect((await send(strictPort, '/either/x', web)).status).to.equal(200);
    expect((await send(strictPort, '/either/x', undefined, { authorization: token })).status).to.equal(200);
    expect((await send(strictPort, '/either/x', undefined)).status).to.equal(403);
    expect((await send(strictPort, '/either/x', web, { authorization: 'Bearer a.b.c' })).status).to.equal(
      401,
    );
  });

  it('are names for policies', async () => {
    expect((await send(strictPort, '/policy/x', certificateOf(authority, 'admin'))).status).to.equal(200);
    expect((await send(strictPort, '/policy/x', web)).status).to.equal(403);
    environment.assertClean();
  });
});
