import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { httpsRequest, type HttpsAnswer, type HttpsRequest } from '../../scripts/https-request.ts';
import { AuthplaneProcess } from './authplane-process.ts';
import { loadBootstrap } from './bootstrap.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';
import { edgeSnapshot, readerToken, type EdgeOptions } from './edge-snapshot.ts';
import { EnvoyProcess } from './envoy-process.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { TokenKey } from './jwt.ts';
import { SnapshotDirectory } from './snapshot-directory.ts';
import { SteadyLoad } from './steady-load.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import type { TransportVariant } from './transport-variants.ts';
import { Upstream } from './upstream.ts';
import { waitFor } from './wait-for.ts';

/** authplane, one real Envoy, and two upstreams `a` and `b`; `edge.yaml` routes everything to the cluster `a`. */
export class EdgeEnvironment implements AsyncDisposable {
  readonly variant: TransportVariant;
  readonly directory: string;
  readonly snapshots: SnapshotDirectory;
  readonly stateDirectory: string;
  readonly authority = CertificateAuthority.create();
  readonly tokenKey = new TokenKey();
  readonly token = readerToken(this.tokenKey);
  readonly listenerPort: number;
  readonly a: Upstream;
  readonly b: Upstream;
  readonly #stack: AsyncDisposableStack;
  #options: EdgeOptions;
  #authplane: AuthplaneProcess | undefined;
  #envoy: EnvoyProcess | undefined;
  #expectedInLog: RegExp[] = [];

  private constructor(
    variant: TransportVariant,
    directory: string,
    listenerPort: number,
    [a, b]: readonly [Upstream, Upstream],
    stack: AsyncDisposableStack,
  ) {
    this.variant = variant;
    this.directory = directory;
    this.snapshots = new SnapshotDirectory(join(directory, 'snapshots'));
    this.stateDirectory = join(directory, 'state');
    this.listenerPort = listenerPort;
    this.a = a;
    this.b = b;
    this.#stack = stack;
    this.#options = {
      configSource: variant.configSource,
      tokenKey: this.tokenKey,
      listeners: [{ name: 'https', port: listenerPort, secret: 'edge-tls' }],
      clusters: { a: a.port },
      routeTo: 'a',
      certificates: { 'edge-tls': 'certs/edge' },
    };
  }

  /** Starts authplane and Envoy at the same time, and returns when a reader is let in. */
  static async start(variant: TransportVariant): Promise<EdgeEnvironment> {
    const stack = new AsyncDisposableStack();
    let started: EdgeEnvironment | undefined;
    try {
      const directory = stack.use(await temporaryDirectory());
      const a = stack.use(await Upstream.start('a'));
      const b = stack.use(await Upstream.start('b'));
      const edge = (started = new EdgeEnvironment(variant, directory.path, await freePort(), [a, b], stack));
      await mkdir(edge.snapshots.path);
      await edge.issueCertificate('certs/edge');
      await edge.change({});
      await edge.startAuthplane();
      edge.#envoy = await edge.startEnvoy();
      await edge.envoy.waitUntilLive();
      // A listener is up before its filters have arrived: until then their default denies.
      await waitFor('the first answer', async () => (await edge.request()).status === 200);
      return edge;
    } catch (thrown) {
      await (started ?? stack)[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  get authplane(): AuthplaneProcess {
    if (this.#authplane === undefined) throw new Error('authplane is not running');
    return this.#authplane;
  }

  get envoy(): EnvoyProcess {
    if (this.#envoy === undefined) throw new Error('Envoy is not running');
    return this.#envoy;
  }

  get options(): EdgeOptions {
    return this.#options;
  }

  /** Writes `edge.yaml` with these options changed. */
  async change(changes: Partial<EdgeOptions>): Promise<void> {
    this.#options = { ...this.#options, ...changes };
    await this.snapshots.write('edge.yaml', edgeSnapshot(this.#options));
  }

  /** Writes a fresh certificate for `localhost` as `PATH.pem` and `PATH.key`. */
  async issueCertificate(path: string): Promise<IssuedCertificate> {
    const certificate = this.authority.issue({ dnsNames: ['localhost'] });
    await this.snapshots.writeCertificate(path, certificate);
    return certificate;
  }

  /** Starts authplane, on the port that it had before. */
  async startAuthplane(): Promise<void> {
    const xdsPort = this.#authplane?.xdsPort ?? (await freePort());
    const { stateDirectory } = this;
    this.#authplane = await AuthplaneProcess.start({
      snapshots: this.snapshots.path,
      stateDirectory,
      xdsPort,
    });
  }

  /** Another Envoy with the bootstrap of the variant; the caller ends it. */
  async startEnvoy(nodeId = 'edge-1'): Promise<EnvoyProcess> {
    const { xdsPort } = this.authplane;
    return EnvoyProcess.start(await loadBootstrap(this.variant.bootstrap, { xdsPort, nodeId }), {
      drainTimeS: 2,
    });
  }

  /** Steady requests of a reader to the listener `https`. */
  async startLoad(): Promise<SteadyLoad> {
    return SteadyLoad.start({
      port: this.listenerPort,
      ca: this.authority.certificatePem,
      token: this.token,
    });
  }

  /** A request to the listener `https`; as the reader unless told otherwise. */
  async request(
    options: Partial<HttpsRequest> & { readonly anonymous?: boolean } = {},
  ): Promise<HttpsAnswer> {
    const { anonymous = false, ...rest } = options;
    return httpsRequest({
      port: this.listenerPort,
      path: '/',
      ca: this.authority.certificatePem,
      ...(anonymous ? {} : { token: this.token }),
      ...rest,
    });
  }

  /** Expects errors in the log of authplane that the test is about to provoke. Matched against event and message. */
  expectInLog(...patterns: readonly RegExp[]): void {
    this.#expectedInLog.push(...patterns);
  }

  /** @throws when either log has a warning or error that no test announced. */
  assertClean(): void {
    this.envoy.assertClean();
    this.authplane.assertClean(this.#expectedInLog);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#envoy?.stop();
    await this.#authplane?.[Symbol.asyncDispose]();
    await this.#stack.disposeAsync();
  }
}
