import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChannelCredentials, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';
import type { IdentityRule } from '../../src/resources/identity-rule.ts';
import { CLUSTER, EXTENSION_CONFIG, SECRET } from '../../src/resources/type-url.ts';
import { ClientStatusService } from '../../src/transport/client-status-service.ts';
import { resource, snapshot } from '../support/resources.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { XdsClient, type XdsStream } from '../support/xds-client.ts';
import { type RunningServer, startXdsServer } from '../support/xds-server.ts';

const NODE = { id: 'edge-1', cluster: 'edge' };
const OTHER = { id: 'edge-2', cluster: 'edge' };
const SERVED = snapshot([
  resource(SECRET, 'key'),
  resource(EXTENSION_CONFIG, 'auth'),
  resource(CLUSTER, 'a'),
]);
const SERVICES = [
  { service: 'ads', typeUrl: SECRET },
  { service: 'sds', typeUrl: SECRET },
  { service: 'ecds', typeUrl: EXTENSION_CONFIG },
] as const;

const RULES: readonly IdentityRule[] = [
  { kind: 'spiffe', template: 'spiffe://example.org/{cluster}/{id}' },
  { kind: 'dns', template: '{id}.{cluster}.example.org' },
];

/** The certificate of a node under both rules. */
function nodeCertificate(authority: CertificateAuthority, { id, cluster }: typeof NODE, notAfter?: Date) {
  return authority.issue({
    uris: [`spiffe://example.org/${cluster}/${id}`],
    dnsNames: [`${id}.${cluster}.example.org`],
    ...(notAfter === undefined ? {} : { notAfter }),
  });
}

/** Asks for everything of a type. */
function ask(stream: XdsStream, typeUrl: typeof SECRET, node?: typeof NODE): void {
  stream.request(typeUrl, { names: ['*', 'key', 'auth'], ...(node === undefined ? {} : { node }) });
}

for (const identity of RULES) {
  describe(`the gRPC port with node identity ${identity.kind}`, () => {
    const authority = CertificateAuthority.create('fleet');
    let directory: TemporaryDirectory;
    let running: RunningServer;

    before(async () => {
      directory = await temporaryDirectory();
      const path = (name: string): string => join(directory.path, name);
      const own = authority.issue({ dnsNames: ['localhost'] });
      await writeFile(path('tls.crt'), own.chainPem);
      await writeFile(path('tls.key'), own.privateKeyPem);
      await writeFile(path('ca.crt'), authority.certificatePem);
      const tls = { certPath: path('tls.crt'), keyPath: path('tls.key'), clientCaPath: path('ca.crt') };
      const services = [new ClientStatusService(() => [])];
      running = await startXdsServer(SERVED, { tls, identity }, { services });
    });

    after(async () => {
      await running[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    });

    function connect(own: IssuedCertificate | undefined, node = NODE): XdsClient {
      const credentials = ChannelCredentials.createSsl(
        Buffer.from(authority.certificatePem),
        own === undefined ? null : Buffer.from(own.privateKeyPem),
        own === undefined ? null : Buffer.from(own.chainPem),
      );
      return new XdsClient(running.address, node, credentials, {
        'grpc.ssl_target_name_override': 'localhost',
      });
    }

    for (const { service, typeUrl } of SERVICES) {
      for (const variant of ['sotw', 'delta'] as const) {
        it(`serves a node with its own certificate over ${service} ${variant}`, async () => {
          using client = connect(nodeCertificate(authority, NODE));
          const stream = client.open(service, variant);
          ask(stream, typeUrl);
          expect((await stream.take()).bodies).to.have.length(1);
        });

        it(`refuses any other certificate over ${service} ${variant}, before a byte is sent`, async () => {
          const strangers = CertificateAuthority.create('fleet');
          const refused: readonly (readonly [string, IssuedCertificate | undefined, status])[] = [
            ['none', undefined, status.UNAVAILABLE],
            ['of another CA', nodeCertificate(strangers, NODE), status.UNAVAILABLE],
            ['expired', nodeCertificate(authority, NODE, new Date(Date.now() - 1_000)), status.UNAVAILABLE],
            ['of another node', nodeCertificate(authority, OTHER), status.PERMISSION_DENIED],
            [
              'of another cluster',
              nodeCertificate(authority, { id: 'edge-1', cluster: 'x' }),
              status.PERMISSION_DENIED,
            ],
            ['without a name', authority.issue({ commonName: 'edge-1' }), status.PERMISSION_DENIED],
          ];
          for (const [what, own, code] of refused) {
            using client = connect(own);
            const stream = client.open(service, variant);
            ask(stream, typeUrl);
            expect((await stream.ended).code, what).to.equal(code);
            expect(stream.received, what).to.deep.equal([]);
          }
        });

        it(`ends a ${service} ${variant} stream whose later message claims another node`, async () => {
          using client = connect(nodeCertificate(authority, NODE));
          for (const claimed of [OTHER, { id: 'edge-1', cluster: 'other' }, { id: '', cluster: '' }]) {
            const stream = client.open(service, variant);
            ask(stream, typeUrl);
            await stream.take();
            ask(stream, typeUrl, claimed);
            expect((await stream.ended).code).to.equal(status.PERMISSION_DENIED);
            expect(stream.received).to.have.length(1);
          }
        });
      }
    }

    it('ends a stream of its own service whose later message asks for another type', async () => {
      using client = connect(nodeCertificate(authority, NODE));
      const stream = client.open('ecds', 'sotw');
      ask(stream, EXTENSION_CONFIG);
      await stream.take();
      ask(stream, SECRET);
      expect((await stream.ended).code).to.equal(status.INVALID_ARGUMENT);
      expect(stream.received).to.have.length(1);
    });

    it('lets a stream go on whose later messages claim the same node or none', async () => {
      using client = connect(nodeCertificate(authority, NODE));
      const stream = client.open('ads', 'sotw');
      ask(stream, SECRET);
      await stream.take();
      ask(stream, EXTENSION_CONFIG, NODE);
      await stream.take();
      stream.request(CLUSTER);
      expect((await stream.take()).bodies).to.deep.equal(['a=1']);
    });

    it('tells who was refused, and what they claimed', () => {
      const events = running.eventsOf('identityRefused');
      expect(events.some(({ claimed }) => claimed?.id === 'edge-1')).to.equal(true);
      expect(events.every(({ stream }) => stream.peer.length > 0)).to.equal(true);
      const reasons = running.eventsOf('streamClosed').filter(({ reason }) => reason === 'identity');
      expect(reasons).to.have.length(events.length);
    });

    it('serves neither CSDS nor reflection nor Fetch, to anybody', async () => {
      using client = connect(nodeCertificate(authority, NODE));
      const methods = [
        '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus',
        '/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus',
        '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
        '/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets',
        '/envoy.service.extension.v3.ExtensionConfigDiscoveryService/FetchExtensionConfigs',
      ];
      for (const method of methods) {
        expect((await client.unary(method, Buffer.alloc(0))).code, method).to.equal(status.UNIMPLEMENTED);
      }
    });
  });
}
