import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChannelCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { Publisher } from '../../src/publishing/publisher.ts';
import type { Grant } from '../../src/resources/grant.ts';
import { makeSnapshot, type Snapshot } from '../../src/resources/snapshot.ts';
import { SECRET } from '../../src/resources/type-url.ts';
import { resource, snapshot } from '../support/resources.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { XdsClient } from '../support/xds-client.ts';
import { startXdsServer, type RunningServer } from '../support/xds-server.ts';

const FREE = resource(SECRET, 'free');
const HELD = resource(SECRET, 'held', 'canary');

/** Two secrets; `held` is for whom the grant names. */
function granted(grant: Grant): Snapshot {
  const { files, resources } = snapshot([FREE, HELD]);
  return makeSnapshot(files, resources, { grants: new Map([['held', grant]]) });
}

describe('grants on the gRPC port', () => {
  const authority = CertificateAuthority.create('fleet');
  const edge = authority.issue({ uris: ['spiffe://a.test/edge/1'] });
  const other = authority.issue({ uris: ['spiffe://a.test/other/1'] });
  let directory: TemporaryDirectory;
  let running: RunningServer;

  before(async () => {
    directory = await temporaryDirectory();
    const path = (name: string): string => join(directory.path, name);
    const own = authority.issue({ dnsNames: ['localhost'] });
    await writeFile(path('tls.crt'), own.chainPem);
    await writeFile(path('tls.key'), own.privateKeyPem);
    await writeFile(path('ca.crt'), authority.certificatePem);
    const publisher = new Publisher({ rebind: entry => entry, inline: whole => whole });
    running = await startXdsServer(
      granted({ spiffe: ['spiffe://a.test/edge/*'], groups: [] }),
      { tls: { certPath: path('tls.crt'), keyPath: path('tls.key'), clientCaPath: path('ca.crt') } },
      { stages: (node, from, to) => publisher.stagesFor(node, from, to) },
    );
  });

  after(async () => {
    await running[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  function connect(own: typeof edge): XdsClient {
    const credentials = ChannelCredentials.createSsl(
      Buffer.from(authority.certificatePem),
      Buffer.from(own.privateKeyPem),
      Buffer.from(own.chainPem),
    );
    // What it says of itself is what the grant names: it must not help.
    const node = { id: 'spiffe://a.test/edge/1', cluster: 'edge' };
    return new XdsClient(running.address, node, credentials, {
      'grpc.ssl_target_name_override': 'localhost',
    });
  }

  for (const service of ['ads', 'sds'] as const) {
    for (const variant of ['sotw', 'delta'] as const) {
      it(`give a secret to whom the certificate says, over ${service} ${variant}`, async () => {
        using client = connect(edge);
        const stream = client.open(service, variant);
        stream.request(SECRET, { names: ['held'] });
        expect((await stream.take()).bodies).to.have.length(1);
      });

      it(`answer others exactly as for a secret that does not exist, over ${service} ${variant}`, async () => {
        const answers = [];
        for (const names of [
          ['free', 'held'],
          ['free', 'none'],
        ]) {
          using client = connect(other);
          const stream = client.open(service, variant);
          stream.request(SECRET, { names });
          const answer = await stream.take();
          expect(JSON.stringify(answer)).to.not.contain(Buffer.from('canary').toString('base64'));
          answers.push(JSON.stringify(answer).replaceAll('held', 'none'));
          expect(JSON.stringify(answer)).to.not.contain(HELD.version);
        }
        expect(answers[0]).to.equal(answers[1]);
      });
    }
  }

  it('take a secret away, and give it, by an edit', async () => {
    using client = connect(other);
    const stream = client.open('ads', 'delta');
    stream.request(SECRET, { names: ['*'] });
    const names = async (): Promise<number> => (await stream.take()).bodies.length;
    expect(await names()).to.equal(1);
    running.source.publish(granted({ spiffe: ['spiffe://a.test/**'], groups: [] }));
    expect(await names()).to.equal(1);
    running.source.publish(granted({ spiffe: ['spiffe://a.test/edge/*'], groups: [] }));
    expect((await stream.take()).bodies).to.deep.equal([]);
  });
});
