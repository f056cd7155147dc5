import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { authListener, authRoute, authRoutes, loopbackCluster } from './auth-snapshot.ts';
import { runCli, type CliResult } from './cli.ts';
import type { DatabaseKind } from './databases.ts';
import { sharedPostgres } from './databases.ts';
import { HttpClient } from './http-client.ts';
import { TokenKey } from './jwt.ts';
import { ProxyEnvironment } from './proxy-environment.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { ISSUER, TokenClient } from './token-client.ts';
import { TokensProcess } from './tokens-process.ts';
import { writeTokenFiles } from './token-files.ts';
import { Upstream } from './upstream.ts';
import { waitFor } from './wait-for.ts';

/** authplane with its token service, one real Envoy whose chain takes its tokens, and an upstream. */
export class TokenEdge implements AsyncDisposable {
  readonly environment: ProxyEnvironment;
  readonly upstream: Upstream;
  readonly listenerPort: number;
  readonly databaseUrl: string | undefined;
  /** Flags by which commands find the token service. */
  readonly flags: readonly string[];
  readonly #clientKey: TokenKey;
  readonly #tokenFlags: readonly string[];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<TokenEdge, 'environment' | 'upstream' | 'listenerPort' | 'databaseUrl' | 'flags'>,
    clientKey: TokenKey,
    tokenFlags: readonly string[],
    stack: AsyncDisposableStack,
  ) {
    this.#tokenFlags = tokenFlags;
    this.environment = parts.environment;
    this.upstream = parts.upstream;
    this.listenerPort = parts.listenerPort;
    this.databaseUrl = parts.databaseUrl;
    this.flags = parts.flags;
    this.#clientKey = clientKey;
    this.#stack = stack;
  }

  /** Returns when Envoy takes a token. */
  static async start(bootstrap: string, kind: DatabaseKind): Promise<TokenEdge> {
    const stack = new AsyncDisposableStack();
    try {
      const directory = stack.use(await temporaryDirectory());
      const upstream = stack.use(await Upstream.start('up'));
      const clientKey = new TokenKey('client');
      const files = await writeTokenFiles(directory.path, clientKey);
      const databaseUrl = kind === 'pglite' ? undefined : await (await sharedPostgres()).createDatabase();
      const listenerPort = await freePort();
      const tokenPort = await freePort();
      const sharedFlags = [
        ...['--token-config', files.config, '--kek-file', files.kek],
        ...(databaseUrl === undefined ? [] : ['--database-url', databaseUrl]),
      ];
      const environment = stack.use(
        await ProxyEnvironment.start({
          bootstrap,
          flags: [...sharedFlags, '--token-address', `127.0.0.1:${tokenPort}`],
          files: { 'edge.yaml': snapshotFile(listenerPort, upstream.port, tokenPort) },
        }),
      );
      const flags = ['--state-dir', environment.stateDirectory];
      const edge = new TokenEdge(
        { environment, upstream, listenerPort, databaseUrl, flags },
        clientKey,
        sharedFlags,
        stack,
      );
      const token = await edge.mint();
      using client = edge.client();
      await waitFor(
        'a token that is taken',
        async () => (await client.status({ path: '/api', token })) === 200,
      );
      return edge;
    } catch (thrown) {
      await stack.disposeAsync();
      throw thrown;
    }
  }

  /** Requests over one kept connection. */
  client(): HttpClient {
    return new HttpClient(this.listenerPort, { maxSockets: 1 });
  }

  /** An access token by client credentials. */
  mint(scope = 'read_api'): Promise<string> {
    return this.#tokens().mint(scope);
  }

  /** A successful request of the client to the token endpoint. @throws with the answer otherwise. */
  request(form: Readonly<Record<string, string>>): Promise<{ readonly access_token: string }> {
    return this.#tokens().request(form);
  }

  /** `authplane tokens` beside it, on the same database. */
  async startTokens(): Promise<TokensProcess> {
    return TokensProcess.start(this.#tokenFlags, this.#clientKey);
  }

  /** A command of authplane, in this process, on the running token service. */
  command(...argv: readonly string[]): Promise<CliResult> {
    return runCli([...argv, ...this.flags]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #tokens(): TokenClient {
    return new TokenClient(this.environment.authplane.tokenPort, this.#clientKey);
  }
}

function snapshotFile(port: number, upstreamPort: number, tokenPort: number): object {
  return {
    listeners: [authListener({ port, chain: 'api' })],
    clusters: [loopbackCluster('up', upstreamPort), loopbackCluster('sts', tokenPort)],
    routes: [authRoutes([authRoute({ prefix: '/' }, 'up')])],
    jwt_providers: [
      { name: 'sts', issuer: ISSUER, audiences: ['api'], jwks: { token_service: true }, forward: true },
    ],
    auth_chains: [
      {
        name: 'api',
        authenticate: [
          { jwt: { provider: 'sts' } },
          { exchange: { provider: 'sts', cluster: 'sts', client: 'proxies' } },
        ],
        authorize: { policies: ['readers', 'writers'] },
      },
    ],
    policies: [
      {
        name: 'readers',
        effect: 'allow',
        principals: { jwt: { scopes: ['read_api'] } },
        requests: { methods: ['GET'] },
      },
      { name: 'writers', effect: 'allow', principals: { jwt: { scopes: ['write_api'] } } },
    ],
  };
}
