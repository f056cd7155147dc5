import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import { ChannelCredentials, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { CLUSTER } from '../../src/resources/type-url.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';
import { resource, snapshot } from '../support/resources.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';
import { XdsClient } from '../support/xds-client.ts';
import { startXdsServer } from '../support/xds-server.ts';

const NODE = { id: 'edge-1' };
const LOCALHOST = { dnsNames: ['localhost'] };
const CLIENT_OPTIONS = { 'grpc.ssl_target_name_override': 'localhost' };
const first = snapshot([resource(CLUSTER, 'a', '1')]);
const second = snapshot([resource(CLUSTER, 'a', '2')]);

/** The serial number that a new handshake sees. */
function servedSerial(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const port = Number(address.split(':')[1]);
    const socket = connect(
      { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] },
      () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}

function clientCredentials(authority: CertificateAuthority, own?: IssuedCertificate): ChannelCredentials {
  return ChannelCredentials.createSsl(
    Buffer.from(authority.certificatePem),
    own === undefined ? null : Buffer.from(own.privateKeyPem),
    own === undefined ? null : Buffer.from(own.chainPem),
  );
}

describe('the gRPC port with TLS', () => {
  it('shows a renewed certificate to new handshakes while open streams live on', async () => {
    await using directory = await temporaryDirectory();
    const authority = CertificateAuthority.create();
    const tls = { certPath: join(directory.path, 'tls.crt'), keyPath: join(directory.path, 'tls.key') };
    const [old, renewed] = [authority.issue(LOCALHOST), authority.issue(LOCALHOST)];
    await writeFile(tls.certPath, old.chainPem);
    await writeFile(tls.keyPath, old.privateKeyPem);
    await using running = await startXdsServer(first, { tls, connections: { tlsPollMs: 20 } });
    using client = new XdsClient(running.address, NODE, clientCredentials(authority), CLIENT_OPTIONS);
    const stream = client.open('ads', 'sotw');
    stream.request(CLUSTER);
    await stream.take();
    expect(await servedSerial(running.address)).to.equal(old.serialNumber);

    await writeFile(tls.certPath, renewed.chainPem);
    await waitFor('the half pair is refused', () => running.eventsOf('tlsRefused').length >= 1);
    expect(await servedSerial(running.address)).to.equal(old.serialNumber);
    await writeFile(tls.keyPath, renewed.privateKeyPem);
    await waitFor('the renewal', () => running.eventsOf('tlsLoaded').length === 2);
    expect(await servedSerial(running.address)).to.equal(renewed.serialNumber);

    running.source.publish(second);
    expect((await stream.take()).bodies).to.deep.equal(['a=2']);
    using late = new XdsClient(running.address, NODE, clientCredentials(authority), CLIENT_OPTIONS);
    const lateStream = late.open('ads', 'delta');
    lateStream.request(CLUSTER);
    expect((await lateStream.take()).bodies).to.deep.equal(['a=2']);
  });

  it('lets in only clients whose certificate its client CA signed, and follows a new CA', async () => {
    await using directory = await temporaryDirectory();
    const authority = CertificateAuthority.create('servers');
    const clients = CertificateAuthority.create('clients');
    const others = CertificateAuthority.create('others');
    const tls = {
      certPath: join(directory.path, 'tls.crt'),
      keyPath: join(directory.path, 'tls.key'),
      clientCaPath: join(directory.path, 'ca.crt'),
    };
    const own = authority.issue(LOCALHOST);
    await writeFile(tls.certPath, own.chainPem);
    await writeFile(tls.keyPath, own.privateKeyPem);
    await writeFile(tls.clientCaPath, clients.certificatePem);
    await using running = await startXdsServer(first, { tls, connections: { tlsPollMs: 20 } });

    using good = new XdsClient(
      running.address,
      NODE,
      clientCredentials(authority, clients.issue()),
      CLIENT_OPTIONS,
    );
    const stream = good.open('ads', 'sotw');
    stream.request(CLUSTER);
    await stream.take();

    for (const certificate of [undefined, others.issue()]) {
      using bad = new XdsClient(
        running.address,
        NODE,
        clientCredentials(authority, certificate),
        CLIENT_OPTIONS,
      );
      const refused = bad.open('ads', 'sotw');
      refused.request(CLUSTER);
      expect((await refused.ended).code).to.equal(status.UNAVAILABLE);
    }
    await waitFor('the reports', () => running.eventsOf('tlsHandshakeFailed').length >= 2);
    expect(running.source.members).to.equal(1);

    await writeFile(tls.clientCaPath, others.certificatePem);
    await waitFor('the new CA', () => running.eventsOf('tlsLoaded').length === 2);
    using now = new XdsClient(
      running.address,
      NODE,
      clientCredentials(authority, others.issue()),
      CLIENT_OPTIONS,
    );
    const nowStream = now.open('ads', 'sotw');
    nowStream.request(CLUSTER);
    await nowStream.take();
  });

  it('refuses revoked certificates, ends their streams, and goes on with the list before when a new one is bad', async () => {
    await using directory = await temporaryDirectory();
    const authority = CertificateAuthority.create('fleet');
    const path = (name: string): string => join(directory.path, name);
    const tls = {
      ...{ certPath: path('tls.crt'), keyPath: path('tls.key') },
      ...{ clientCaPath: path('ca.crt'), clientCrlPath: path('ca.crl') },
    };
    const own = authority.issue(LOCALHOST);
    await writeFile(tls.certPath, own.chainPem);
    await writeFile(tls.keyPath, own.privateKeyPem);
    await writeFile(tls.clientCaPath, authority.certificatePem);
    await writeFile(tls.clientCrlPath, authority.revocationList());
    await using running = await startXdsServer(first, { tls, connections: { tlsPollMs: 20 } });
    const [kept, lost] = [authority.issue(), authority.issue()];
    using good = new XdsClient(running.address, NODE, clientCredentials(authority, kept), CLIENT_OPTIONS);
    using bad = new XdsClient(running.address, NODE, clientCredentials(authority, lost), CLIENT_OPTIONS);
    const [goodStream, badStream] = [good.open('ads', 'sotw'), bad.open('ads', 'delta')];
    for (const stream of [goodStream, badStream]) {
      stream.request(CLUSTER);
      await stream.take();
    }

    await writeFile(tls.clientCrlPath, authority.revocationList([lost]));
    const ended = await badStream.ended;
    expect(ended.code).to.equal(status.PERMISSION_DENIED);
    expect(ended.details).to.match(/revoked/);
    const again = bad.open('ads', 'sotw');
    again.request(CLUSTER);
    expect((await again.ended).code, 'over the connection that is still open').to.equal(
      status.PERMISSION_DENIED,
    );
    using late = new XdsClient(running.address, NODE, clientCredentials(authority, lost), CLIENT_OPTIONS);
    const lateStream = late.open('ads', 'sotw');
    lateStream.request(CLUSTER);
    expect((await lateStream.ended).code, 'over a new connection').to.equal(status.UNAVAILABLE);
    expect([...again.received, ...lateStream.received]).to.deep.equal([]);

    const stranger = CertificateAuthority.create('fleet').revocationList();
    const expired = authority.revocationList([], { notAfter: new Date(Date.now() - 1_000) });
    for (const [text, why] of [
      ['half of a list', /not a PEM file/],
      [stranger, /not signed by the CA/],
      [expired, /ca\.crl: revocation list 1/],
    ] as const) {
      await writeFile(tls.clientCrlPath, text);
      await waitFor('the report', () =>
        running.eventsOf('tlsRefused').some(({ message }) => why.test(message)),
      );
    }
    using still = new XdsClient(running.address, NODE, clientCredentials(authority, lost), CLIENT_OPTIONS);
    const stillStream = still.open('ads', 'sotw');
    stillStream.request(CLUSTER);
    expect((await stillStream.ended).code).to.equal(status.UNAVAILABLE);
    running.source.publish(second);
    expect((await goodStream.take()).bodies, 'the others go on').to.deep.equal(['a=2']);
  });

  it('survives plaintext and garbage where TLS is expected', async () => {
    await using directory = await temporaryDirectory();
    const authority = CertificateAuthority.create();
    const tls = { certPath: join(directory.path, 'tls.crt'), keyPath: join(directory.path, 'tls.key') };
    const own = authority.issue(LOCALHOST);
    await writeFile(tls.certPath, own.chainPem);
    await writeFile(tls.keyPath, own.privateKeyPem);
    await using running = await startXdsServer(first, { tls });
    const port = Number(running.address.split(':')[1]);
    await new Promise<void>(resolve => {
      const socket = connectTcp(port, '127.0.0.1', () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
      socket.on('data', () => undefined);
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
    await waitFor('the report', () => running.eventsOf('tlsHandshakeFailed').length === 1);
    using client = new XdsClient(running.address, NODE, clientCredentials(authority), CLIENT_OPTIONS);
    const stream = client.open('ads', 'sotw');
    stream.request(CLUSTER);
    await stream.take();
  });
});
