import { expect } from 'chai';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fetchJwks, MAX_JWKS_BYTES } from '../../src/jwks/fetch-jwks.ts';
import type { JwksSource } from '../../src/jwks/jwks-source.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

describe('fetchJwks', () => {
  const authority = CertificateAuthority.create();
  let directory: TemporaryDirectory;
  let server: Server;
  let handler: RequestListener;
  let source: JwksSource;

  before(async () => {
    directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'ca.pem'), authority.certificatePem);
    await writeFile(join(directory.path, 'other.pem'), CertificateAuthority.create('other').certificatePem);
    const { chainPem, privateKeyPem } = authority.issue({ dnsNames: ['localhost'] });
    server = createServer({ cert: chainPem, key: privateKeyPem }, (request, response) => {
      handler(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    source = {
      url: `https://localhost:${port}/keys`,
      providers: ['idp'],
      refreshMs: 1000,
      overlapMs: 0,
      trustedCaPath: join(directory.path, 'ca.pem'),
    };
  });

  after(async () => {
    server.close();
    server.closeAllConnections();
    await directory[Symbol.asyncDispose]();
  });

  it('gets a document with its ETag, and asks whether it is still the same', async () => {
    const asked: (string | undefined)[] = [];
    handler = (request, response) => {
      asked.push(request.headers['if-none-match']);
      if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"1"' }).end('{"keys":[]}');
    };
    expect(await fetchJwks(source, undefined)).to.deep.equal({
      kind: 'body',
      text: '{"keys":[]}',
      etag: '"1"',
    });
    expect(await fetchJwks(source, '"1"')).to.deep.equal({ kind: 'not-modified' });
    expect(asked).to.deep.equal([undefined, '"1"']);
  });

  const failures: Readonly<Record<string, readonly [RequestListener, RegExp]>> = {
    'a status other than 200': [(_request, response) => response.writeHead(503).end('secret'), /status 503$/],
    'a redirect': [
      (_request, response) => response.writeHead(302, { location: 'https://localhost:1/' }).end(),
      /status 302$/,
    ],
    'an answer that does not end': [
      (_request, response) => {
        const write = (): void => {
          while (response.writable && response.write('x'.repeat(65_536)));
        };
        response.on('drain', write);
        write();
      },
      new RegExp(`larger than ${MAX_JWKS_BYTES} bytes$`),
    ],
    'an answer that does not come': [() => undefined, /no answer within 200 ms/],
    'an answer that stops half-way': [
      (_request, response) => response.write('{"keys"'),
      /no answer within 200 ms|aborted/,
    ],
  };
  for (const [name, [answer, reason]] of Object.entries(failures)) {
    it(`fails with ${name}`, async () => {
      handler = answer;
      const result = await fetchJwks(source, undefined, 200);
      expect(result.kind).to.equal('failed');
      if (result.kind === 'failed') expect(result.reason).to.match(reason);
    });
  }

  it('fails when the server is not the one whose CA is trusted', async () => {
    handler = (_request, response) => response.end('{"keys":[]}');
    const foreign = { ...source, trustedCaPath: join(directory.path, 'other.pem') };
    expect((await fetchJwks(foreign, undefined)).kind).to.equal('failed');
    expect((await fetchJwks({ ...source, trustedCaPath: undefined }, undefined)).kind).to.equal('failed');
    expect(
      (await fetchJwks({ ...source, trustedCaPath: join(directory.path, 'none.pem') }, undefined)).kind,
    ).to.equal('failed');
    const otherName = { ...source, url: source.url.replace('localhost', '127.0.0.1') };
    expect((await fetchJwks(otherName, undefined)).kind).to.equal('failed');
  });
});
