import { createHash, randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { AuthplaneError } from '../../src/platform/errors.ts';
import { systemClock, type Clock } from '../../src/platform/clock.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';
import { TokenHttpServer } from '../../src/endpoints/token/token-http-server.ts';
import { clientCertificateOf } from '../../src/endpoints/token/client-certificate.ts';
import type { Database } from '../../src/storage/database.ts';
import { tokenStoresOn } from '../../src/storage/token-stores-on.ts';
import { createPersonalToken, type PersonalTokenWish } from '../../src/token-service/personal-tokens.ts';
import { TokenRequests } from '../../src/token-service/token-requests.ts';
import { TokenService } from '../../src/token-service/token-service.ts';
import type { TokenStores } from '../../src/token-service/token-stores.ts';
import { checkTokenFile, readTokenFile } from '../../src/tokens/config/read-token-file.ts';
import type { TokenConfig } from '../../src/tokens/config/token-config.ts';
import { keyEncryptionKey } from '../../src/tokens/keys/envelope.ts';
import type { KeyHolder } from '../../src/tokens/keys/key-holder.ts';
import type { Asset } from '../../src/resources/source-tree.ts';
import { jwksOf, TokenKey } from './jwt.ts';
import { testSchema } from './schema.ts';

/** A certificate authority for the connections of tests. */
export const AUTHORITY = CertificateAuthority.create('clients');

/** Keys of the clients and issuers that the configuration names. */
export const EDGE_KEY = new TokenKey('edge-1');
export const CI_KEY = new TokenKey('ci-1');

export const ISSUER = 'https://auth.example';

const CONFIG = `
issuer: ${ISSUER}
audiences:
- {name: api, scopes: [read_api, write_api, admin]}
- {name: registry, scopes: [pull, push]}
clients:
- id: edge
  private_key_jwt: {jwks: edge.json}
  audiences: [api]
  scopes: [read_api]
  introspects: [api]
  requests_per_second: 10000
- id: runner
  tls_client_auth: {spiffe: spiffe://a.test/runner}
  audiences: [registry]
  scopes: [pull]
- id: slow
  private_key_jwt: {jwks: edge.json}
  audiences: [api]
  requests_per_second: 2
- {id: idle, tls_client_auth: {dns: idle.a.test}}
trusted_issuers:
- {name: ci, issuer: "https://ci.example", audiences: ["${ISSUER}"], jwks: {file: ci.json}}
exchanges:
- {name: personal, personal_token: {}, clients: [edge, runner], audiences: [api, registry], scopes: [read_api, write_api, pull], copy_claims: [realm]}
- name: ci-jobs
  id_token: {issuer: ci, claims: [{name: ref_protected, any: ["true"]}, {name: project_path, any: ["group/*"]}]}
  clients: [edge]
  audiences: [api]
  scopes: [write_api]
  copy_claims: [project_path]
- {name: attenuated, macaroon: {}, clients: [edge, runner], audiences: [api], scopes: [read_api, write_api]}
- {name: mesh, client_certificate: {spiffe: ["spiffe://a.test/*"]}, clients: [runner], audiences: [api], scopes: [read_api]}
`;

function asset(text: string): Asset {
  return { kind: 'read', hash: createHash('sha256').update(text).digest('hex'), bytes: Buffer.from(text) };
}

/** The configuration of a YAML text. Files that it names: `edge.json`, `ci.json`. @throws with all problems. */
export function tokenConfig(text: string = CONFIG): TokenConfig {
  const read = readTokenFile(testSchema(), { path: '/tokens/tokens.yaml', text });
  if (read.kind === 'failed') throw new Error(JSON.stringify(read.diagnostics));
  const assets = new Map([
    ['/tokens/edge.json', asset(jwksOf([EDGE_KEY]))],
    ['/tokens/ci.json', asset(jwksOf([CI_KEY]))],
  ]);
  const checked = checkTokenFile(read.file, assets);
  if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics));
  return checked.value;
}

export interface TokenAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export type FormValues = Readonly<Record<string, string | readonly string[]>>;

/** A token service on a database, over HTTPS on a loopback port. */
export class TokenWorld implements AsyncDisposable {
  readonly stores: TokenStores;
  readonly service: TokenService;
  readonly problems: (AuthplaneError | undefined)[] = [];
  readonly defects: unknown[] = [];
  config: TokenConfig;
  holders: readonly KeyHolder[] = [];
  readonly #server: TokenHttpServer;

  private constructor(database: Database, clock: Clock, config: TokenConfig) {
    this.config = config;
    this.stores = tokenStoresOn(database);
    this.service = new TokenService({
      stores: this.stores,
      clock,
      keks: [keyEncryptionKey(randomBytes(32))],
      config: () => this.config,
      replicaId: 'replica-1',
      holdersOf: () => this.holders,
      proxies: () => [],
      fetchedKeys: () => undefined,
      observer: {
        changed: () => undefined,
        databaseChanged: problem => this.problems.push(problem),
        heldUp: () => undefined,
      },
    });
    const served = AUTHORITY.issue({ dnsNames: ['localhost'] });
    this.#server = new TokenHttpServer(
      {
        requests: new TokenRequests(this.service, 10_000),
        issuer: () => this.config.issuer,
        jwks: () => this.service.state.ring.jwks,
        scopes: () => [...this.config.audiences.values()].flatMap(scopes => [...scopes]),
        certificateOf: socket => clientCertificateOf(socket, Date.now(), () => false),
        onAnswer: () => undefined,
        onError: thrown => this.defects.push(thrown),
      },
      {
        host: '127.0.0.1',
        port: 0,
        tls: {
          load: apply => {
            apply({ cert: served.chainPem, key: served.privateKeyPem, ca: AUTHORITY.certificatePem });
            return Promise.resolve();
          },
          stop: () => undefined,
          asksForCertificates: true,
        },
      },
    );
  }

  static async start(database: Database, clock: Clock = systemClock): Promise<TokenWorld> {
    const world = new TokenWorld(database, clock, tokenConfig());
    await world.service.start();
    await world.#server.start();
    return world;
  }

  get port(): number {
    return this.#server.address.port;
  }

  async personalToken(
    wish: Partial<PersonalTokenWish> = {},
  ): Promise<{ readonly text: string; readonly id: string }> {
    const whole = {
      subject: 'user:1',
      name: 'laptop',
      audiences: ['api'],
      scopes: ['read_api', 'write_api'],
      claims: { realm: 'saas' },
      lifetimeMs: 3_600_000,
      ...wish,
    };
    const nowMs = this.service.parts.clock.nowMs();
    const { text, token } = await createPersonalToken(whole, 'test', {
      config: this.config,
      store: this.stores,
      nowMs,
    });
    return { text, id: token.id };
  }

  /** A request of a client that proves itself by an assertion. */
  as(
    id: string,
    path: string,
    form: FormValues,
    claims: Readonly<Record<string, unknown>> = {},
  ): Promise<TokenAnswer> {
    return this.post(path, { ...assertionOf(id, claims), ...form });
  }

  async post(path: string, form: FormValues, client?: IssuedCertificate): Promise<TokenAnswer> {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(form)) {
      for (const one of typeof value === 'string' ? [value] : value) body.append(name, one);
    }
    return this.send('POST', path, { body: body.toString(), ...(client === undefined ? {} : { client }) });
  }

  async send(
    method: string,
    path: string,
    options: {
      readonly body?: string;
      readonly client?: IssuedCertificate;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<TokenAnswer> {
    const { body, client, headers } = options;
    const outgoing = request({
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      servername: 'localhost',
      ca: AUTHORITY.certificatePem,
      agent: client === undefined ? KEPT : false,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(client === undefined ? {} : { cert: client.chainPem, key: client.privateKeyPem }),
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    const parsed = JSON.parse(text === '' ? '{}' : text) as Readonly<Record<string, unknown>>;
    return { status: response.statusCode ?? 0, headers: response.headers, body: parsed };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await this.service.stop();
  }
}

const KEPT = new Agent({ keepAlive: false });

/** What proves a client of the configuration: a signed assertion (RFC 7523). */
export function assertionOf(id: string, claims: Readonly<Record<string, unknown>> = {}): FormValues {
  const nowS = Math.floor(Date.now() / 1000);
  const payload = { iss: id, sub: id, aud: ISSUER, iat: nowS, exp: nowS + 60, jti: randomUUID(), ...claims };
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: EDGE_KEY.sign(payload),
  };
}

/** `x5t#S256` of a certificate. */
export function thumbprintOf({ certificatePem }: IssuedCertificate): string {
  return createHash('sha256').update(new X509Certificate(certificatePem).raw).digest('base64url');
}
