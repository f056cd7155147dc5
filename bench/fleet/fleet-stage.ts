import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { anyMessages, compileFleet, namesIn } from './compile-fleet.ts';
import type { Variant } from './discovery-messages.ts';
import { writeFleet } from './fleet-files.ts';
import type { FleetNames } from './fleet-names.ts';
import type { LoadOptions } from './load-messages.ts';
import { LoadProcess } from './load-process.ts';
import { startAuthplane, startBaseline, type FleetPlace, type FleetServer } from './servers.ts';

/** A server that takes part: `authplane`, or the baseline by the path of its program. */
export type Contender =
  { readonly kind: 'authplane' } | { readonly kind: 'baseline'; readonly program: string };

/** The files of a fleet in a temporary directory, and what is needed to serve and to load it. Disposing removes them. */
export class FleetStage implements AsyncDisposable {
  readonly #directory: string;
  readonly #place: FleetPlace;
  readonly #names: FleetNames;
  readonly #resources: Buffer;
  readonly #clientTls: LoadOptions['tls'];

  private constructor(
    directory: string,
    place: FleetPlace,
    content: { readonly names: FleetNames; readonly resources: Buffer },
    clientTls: LoadOptions['tls'],
  ) {
    this.#directory = directory;
    this.#place = place;
    this.#names = content.names;
    this.#resources = content.resources;
    this.#clientTls = clientTls;
  }

  /** @param clusters spread over files of ten each. */
  static async make(clusters: number, transport: 'plaintext' | 'mTLS'): Promise<FleetStage> {
    const directory = await mkdtemp(join(tmpdir(), 'authplane-fleet-'));
    const [snapshots, scratch] = [join(directory, 'snapshots'), join(directory, 'scratch')];
    await mkdir(scratch);
    const size = { clusters, files: Math.ceil(clusters / 10) };
    await writeFleet(snapshots, size);
    const snapshot = await compileFleet(snapshots);
    const content = { names: namesIn(snapshot), resources: anyMessages(snapshot) };
    const place = { snapshots, scratch, size };
    if (transport === 'plaintext') return new FleetStage(directory, place, content, undefined);
    const { server, client } = await writeTlsFiles(scratch);
    return new FleetStage(directory, { ...place, tls: server }, content, client);
  }

  /** @param xdsPort of authplane; 0 takes a free one. */
  start(contender: Contender, flags: readonly string[] = [], xdsPort = 0): Promise<FleetServer> {
    return contender.kind === 'authplane'
      ? startAuthplane(this.#place, flags, xdsPort)
      : startBaseline(contender.program, this.#resources, this.#place, xdsPort);
  }

  load(server: FleetServer, variant: Variant): LoadProcess {
    const tls = this.#clientTls === undefined ? {} : { tls: this.#clientTls };
    return new LoadProcess({ address: server.address, variant, names: this.#names, ...tls });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function writeTlsFiles(
  directory: string,
): Promise<{ readonly server: NonNullable<FleetPlace['tls']>; readonly client: LoadOptions['tls'] }> {
  const authority = CertificateAuthority.create('fleet');
  const [server, client] = [authority.issue({ dnsNames: ['localhost'] }), authority.issue({})];
  const path = (name: string): string => join(directory, name);
  await writeFile(path('server.crt'), server.chainPem);
  await writeFile(path('server.key'), server.privateKeyPem, { mode: 0o600 });
  await writeFile(path('ca.crt'), authority.certificatePem);
  return {
    server: { cert: path('server.crt'), key: path('server.key'), clientCa: path('ca.crt') },
    client: { ca: authority.certificatePem, cert: client.chainPem, key: client.privateKeyPem },
  };
}
