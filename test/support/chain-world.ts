import { authListener, loopbackCluster, selectChain, testClaims } from './auth-snapshot.ts';
import { jwksOf, TokenKey } from './jwt.ts';
import type { Caller } from './chain-load.ts';

/** Routes of the world: `/r0/…` to `/r5/…`. */
const ROUTES = 6;
/** The cluster that speaks HTTP/2 upstream, for gRPC. */
const GRPC = 'grpc';
/** Tokens are valid for five minutes. */
const RENEW_AFTER_MS = 60_000;

/** Auth chains that change all the time, as snapshot files; a pure value of a random sequence of edits. */
export class ChainWorld {
  /** Chain → revision. */
  readonly chains = new Map<string, number>([
    ['alpha', 1],
    ['beta', 1],
    ['gamma', 1],
  ]);
  /** The chain of each route. */
  readonly routes: string[] = Array.from(
    { length: ROUTES },
    (_, index) => ['alpha', 'beta', 'gamma'][index % 3] ?? 'alpha',
  );
  /** Signs tokens. */
  signer = new TokenKey('key-0');
  /** Keys in the key set. */
  keys: readonly TokenKey[] = [this.signer];
  /** Appears in the listener: a change of it is a change of the listener. */
  listenerRevision = 0;
  readonly #random: () => number;
  #names = 0;
  #keyNumber = 0;
  readonly #tokens = new Map<Caller, { token: string; signer: TokenKey; signedMs: number }>();

  constructor(seed: number) {
    let state = seed;
    // A linear congruential generator: enough to choose edits, and the same sequence for a seed.
    this.#random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  }

  /** Paths of all routes. */
  get paths(): readonly string[] {
    return this.routes.map((_, index) => `/r${index}/x`);
  }

  /** A token of a caller, signed by the signer of the moment; undefined for nobody. */
  tokenOf(caller: Caller): string | undefined {
    if (caller === 'none') return undefined;
    const known = this.#tokens.get(caller);
    const nowMs = Date.now();
    if (known?.signer === this.signer && nowMs - known.signedMs < RENEW_AFTER_MS) return known.token;
    const groups = caller === 'both' ? ['even', 'odd'] : [caller];
    const token = this.signer.sign(testClaims({ groups }));
    this.#tokens.set(caller, { token, signer: this.signer, signedMs: nowMs });
    return token;
  }

  /** Adds a key that does not sign yet. */
  addKey(): TokenKey {
    const key = new TokenKey(`key-${++this.#keyNumber}`);
    this.keys = [...this.keys, key];
    return key;
  }

  /** Takes the oldest key away. */
  dropKey(): void {
    this.keys = this.keys.slice(1);
  }

  /** Makes one random edit. Returns the route whose next answers show it, and what they show. */
  edit(): {
    readonly what: string;
    readonly path: string;
    readonly chain: string;
    readonly revision: number;
  } {
    const route = this.#pick(this.routes.length);
    const old = this.routes[route] ?? '';
    const kind = this.#pick(10);
    if (kind < 6) this.chains.set(old, (this.chains.get(old) ?? 0) + 1);
    else if (kind === 6) this.routes[route] = this.#newChain();
    else if (kind === 7) this.#replaceEverywhere(old, this.#newChain());
    else if (kind === 8) this.#withdraw(old);
    else this.routes[route] = [...this.chains.keys()][this.#pick(this.chains.size)] ?? old;
    this.#forgetUnused();
    const chain = this.routes[route] ?? '';
    const what =
      ['edit', 'edit', 'edit', 'edit', 'edit', 'edit', 'add', 'rename', 'withdraw', 'move'][kind] ?? '';
    return { what, path: `/r${route}/x`, chain, revision: this.chains.get(chain) ?? 0 };
  }

  /** `jwks.json`. */
  keySet(): string {
    return jwksOf(this.keys);
  }

  /** Listener, clusters and routes. */
  edgeFile(port: number, upstreamPort: number, grpcPort: number): object {
    const routes = this.routes.map((chain, index) => ({
      match: { prefix: `/r${index}/` },
      route: { cluster: 'up' },
      ...this.#named(chain),
    }));
    const [first = ''] = this.routes;
    const ws = {
      match: { path: '/ws' },
      route: { cluster: 'up', timeout: '0s', upgrade_configs: [{ upgrade_type: 'websocket' }] },
      ...this.#named(first),
    };
    const grpc = {
      match: { prefix: '/grpc/' },
      route: { cluster: GRPC, timeout: '0s' },
      ...this.#named(first),
    };
    const http2 = {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    };
    return {
      listeners: [
        authListener({ port, chain: first, manager: { server_name: `edge-${this.listenerRevision}` } }),
      ],
      clusters: [
        loopbackCluster('up', upstreamPort),
        loopbackCluster(GRPC, grpcPort, { typed_extension_protocol_options: http2 }),
      ],
      routes: [
        { name: 'main', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [...routes, ws, grpc] }] },
      ],
    };
  }

  /** Providers, chains and policies. */
  authFile(): object {
    return {
      jwt_providers: [
        { name: 'idp', issuer: 'https://idp.test', audiences: ['api'], jwks: { file: 'jwks.json' } },
      ],
      auth_chains: [...this.chains].map(([name, revision]) => ({
        name,
        authenticate: [{ jwt: { provider: 'idp' } }],
        authorize: { policies: [`${name}-group`] },
        set_headers: [
          { name: 'x-chain', value: name },
          { name: 'x-revision', value: String(revision) },
        ],
      })),
      policies: [...this.chains].map(([name, revision]) => ({
        name: `${name}-group`,
        effect: 'allow',
        principals: { jwt: { claims: { groups: { any: [revision % 2 === 0 ? 'even' : 'odd'] } } } },
      })),
    };
  }

  /** Both files as one, so that an edit of both is one save. */
  file(port: number, upstreamPort: number, grpcPort: number): object {
    return { ...this.edgeFile(port, upstreamPort, grpcPort), ...this.authFile() };
  }

  #named(chain: string): object {
    return {
      response_headers_to_add: [
        { header: { key: 'x-route-chain', value: chain }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
      ],
      typed_per_filter_config: selectChain({ chain }),
    };
  }

  #newChain(): string {
    const name = `chain-${++this.#names}`;
    this.chains.set(name, 1 + this.#pick(2));
    return name;
  }

  #replaceEverywhere(old: string, chain: string): void {
    this.routes.forEach((name, index) => {
      if (name === old) this.routes[index] = chain;
    });
  }

  #withdraw(old: string): void {
    const others = [...this.chains.keys()].filter(name => name !== old);
    const other = others[this.#pick(others.length)];
    if (other !== undefined) this.#replaceEverywhere(old, other);
  }

  #forgetUnused(): void {
    for (const name of [...this.chains.keys()]) if (!this.routes.includes(name)) this.chains.delete(name);
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count);
  }
}
