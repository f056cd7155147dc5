import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { AuthplaneError, messageOf } from '../../platform/errors.ts';
import { TOKEN_ROUTES } from '../../platform/metric-families.ts';
import { HttpPort, type PortTls } from '../../tls/http-port.ts';
import type { ClientCertificate, Form, TokenRequest } from '../../token-service/request-context.ts';
import type { EdgeRequest } from '../../token-service/edge-exchange.ts';
import type { PublicJwk } from '../../token-service/stored-key.ts';
import type { TokenRequests } from '../../token-service/token-requests.ts';
import { isPersonalToken } from '../../tokens/personal-token.ts';
import type { OAuthError, OAuthErrorCode } from '../../tokens/oauth/oauth-error.ts';
import { openApiDocument } from './openapi.ts';
import { serverMetadata } from './server-metadata.ts';

export interface TokenHttpParts {
  readonly requests: TokenRequests;
  readonly issuer: () => string;
  /** Public keys; undefined: they are not known yet. */
  readonly jwks: () => readonly PublicJwk[] | undefined;
  readonly scopes: () => readonly string[];
  /** The certificate of a connection if it counts. */
  readonly certificateOf: (socket: TLSSocket) => ClientCertificate | undefined;
  /** Called after each request. */
  readonly onAnswer: (answer: TokenHttpAnswer) => void;
  /** A defect behind a 500. */
  readonly onError: (thrown: unknown, correlationId: string) => void;
}

/** Every path that is answered, and `unknown` for the others. */
export type TokenRoute = (typeof TOKEN_ROUTES)[number] | 'unknown';

/** `none`: a success. `server_error`: a defect. */
export type AnswerCode = OAuthErrorCode | 'none' | 'server_error';

/** For metrics and logs; nothing of the request's content. */
export interface TokenHttpAnswer {
  readonly route: TokenRoute;
  readonly statusCode: number;
  readonly error: AnswerCode;
  readonly correlationId: string;
  readonly durationMs: number;
}

export interface TokenHttpOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls?: PortTls;
}

const REQUEST_TIMEOUT_MS = 10_000;
/** A form with a token of 8 KB, an assertion and a macaroon fits. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_PARAMETERS = 50;
/** How long a service may keep the keys: a pending key is published for much longer before it signs. */
const JWKS_MAX_AGE_SECONDS = 60;

const HEADERS = {
  'cache-control': 'no-store',
  pragma: 'no-cache',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const STATUS: Partial<Readonly<Record<OAuthErrorCode, number>>> = {
  invalid_client: 401,
  slow_down: 429,
  temporarily_unavailable: 503,
};

const UNAVAILABLE: OAuthError = {
  kind: 'refused',
  error: 'temporarily_unavailable',
  description: 'the database of the token service cannot be reached',
};

/** The token service over HTTP: docs/tokens.md and `/openapi.json` describe it. */
export class TokenHttpServer {
  readonly #server: FastifyInstance;
  readonly #parts: TokenHttpParts;
  readonly #options: TokenHttpOptions;
  readonly #port: HttpPort;

  constructor(parts: TokenHttpParts, options: TokenHttpOptions) {
    this.#parts = parts;
    this.#options = options;
    const { tls } = options;
    this.#port = new HttpPort({
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      ...(tls === undefined ? {} : { tls }),
    });
    this.#server = fastify({
      logger: false,
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      forceCloseConnections: true,
      // Not of the client: it would go into logs.
      genReqId: () => randomUUID(),
      frameworkErrors: (error, request, reply) => {
        reply.headers(HEADERS);
        sendError(request, reply, error.statusCode ?? 400, 'invalid_request', 'the request cannot be read');
      },
      serverFactory: this.#port.factory,
    });
    this.#addParser();
    this.#addHooks();
    this.#addRoutes();
  }

  /** @throws AuthplaneError LISTEN_FAILED, TLS_FILES_INVALID */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    await this.#port.load();
    try {
      await this.#server.listen({ host, port });
    } catch (thrown) {
      throw new AuthplaneError('LISTEN_FAILED', `token address ${host}:${port}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.server.address() as AddressInfo | null;
    return { host: this.#options.host, port: address?.port ?? this.#options.port };
  }

  async stop(): Promise<void> {
    this.#port.stop();
    await this.#server.close();
  }

  #addParser(): void {
    this.#server.removeAllContentTypeParsers();
    const options = { parseAs: 'string' } as const;
    this.#server.addContentTypeParser(
      'application/x-www-form-urlencoded',
      options,
      (_request, body, done) => {
        const form = parseForm(String(body));
        if (form === undefined) done(Object.assign(new Error('too many parameters'), { statusCode: 400 }));
        else done(null, form);
      },
    );
  }

  #addHooks(): void {
    this.#server.addHook('onRequest', (request, reply, done) => {
      reply.headers({ ...HEADERS, 'x-correlation-id': request.id });
      done();
    });
    this.#server.addHook('onResponse', (request, reply, done) => {
      this.#parts.onAnswer({
        route: TOKEN_ROUTES.find(route => route === request.routeOptions.url) ?? 'unknown',
        statusCode: reply.statusCode,
        error: ERRORS.get(reply) ?? 'none',
        correlationId: request.id,
        durationMs: reply.elapsedTime,
      });
      done();
    });
    this.#server.setNotFoundHandler((request, reply) =>
      sendError(request, reply, 404, 'invalid_request', 'there is nothing here'),
    );
    this.#server.setErrorHandler((error: FastifyError | AuthplaneError, request, reply) => {
      if (error instanceof AuthplaneError && error.code === 'DATABASE_UNAVAILABLE') {
        return send(request, reply, UNAVAILABLE);
      }
      const status = error instanceof AuthplaneError ? 500 : (error.statusCode ?? 500);
      if (status < 500)
        return sendError(request, reply, status, 'invalid_request', 'the request cannot be read');
      this.#parts.onError(error, request.id);
      return sendError(request, reply, 500, 'server_error', 'a defect in authplane; its log has the details');
    });
  }

  #addRoutes(): void {
    const { requests, issuer, jwks, scopes } = this.#parts;
    this.#server.get('/.well-known/oauth-authorization-server', () =>
      serverMetadata(issuer(), scopes(), this.#options.tls?.asksForCertificates === true),
    );
    this.#server.get('/openapi.json', () => openApiDocument(issuer()));
    this.#server.get('/jwks.json', (request, reply) => {
      const keys = jwks();
      if (keys === undefined) return send(request, reply, UNAVAILABLE);
      const maxAge = `public, max-age=${JWKS_MAX_AGE_SECONDS}`;
      return reply.headers({ 'cache-control': maxAge }).removeHeader('pragma').send({ keys });
    });
    this.#server.all<{ Params: { client: string; audience: string } }>(EDGE_ROUTE, async (request, reply) => {
      const answer = await requests.exchangeAtEdge(edgeRequestOf(request));
      // To the caller of the proxy: what it brought does not count.
      if (answer.kind === 'refused') return send(request, reply, answer, EDGE_STATUS[answer.error] ?? 401);
      if (answer.kind === 'token') void reply.header('authorization', `Bearer ${answer.token}`);
      return {};
    });
    this.#post('/oauth2/token', async (request, reply) => {
      const answer = await requests.token(request);
      return answer.kind === 'token' ? answer.body : reply(answer);
    });
    this.#post('/oauth2/introspect', async (request, reply) => {
      const answer = await requests.introspect(request);
      return answer.kind === 'introspection' ? answer.body : reply(answer);
    });
    this.#post('/oauth2/revoke', async (request, reply) => {
      const answer = await requests.revoke(request);
      return answer.kind === 'done' ? {} : reply(answer);
    });
  }

  #post(
    path: string,
    handle: (request: TokenRequest, refuse: (error: OAuthError) => FastifyReply) => Promise<unknown>,
  ): void {
    this.#server.post(path, (request, reply) => {
      if (!(request.body instanceof Map)) {
        return sendError(request, reply, 400, 'invalid_request', 'the body must be a form');
      }
      return handle(this.#requestOf(request, request.body as Form), error => send(request, reply, error));
    });
  }

  #requestOf(request: FastifyRequest, form: Form): TokenRequest {
    return {
      form,
      certificate: this.#certificateOf(request.raw),
      hasAuthorization: request.headers.authorization !== undefined,
      address: request.ip,
      correlationId: request.id,
    };
  }

  #certificateOf({ socket }: IncomingMessage): ClientCertificate | undefined {
    return socket instanceof TLSSocket && socket.authorized ? this.#parts.certificateOf(socket) : undefined;
  }
}

const EDGE_ROUTE = '/edge/exchange/:client/:audience/*';
const EDGE_PATH = /^\/edge\/exchange\/[^/]+\/[^/]+(\/[^?]*)/;

/** Whatever is wrong with a credential is 401 for who brought it. */
const EDGE_STATUS: Partial<Readonly<Record<OAuthErrorCode, number>>> = {
  slow_down: 429,
  temporarily_unavailable: 503,
};

function edgeRequestOf(
  request: FastifyRequest<{ Params: { client: string; audience: string } }>,
): EdgeRequest {
  const { client, audience } = request.params;
  const { authorization, ...others } = request.headers;
  return {
    clientId: client,
    audience,
    authorization,
    // The chain names the header, and lets only that one through.
    personalTokens: Object.values(others)
      .flatMap(value => value ?? [])
      .filter(isPersonalToken),
    method: request.method,
    // As the proxy has it: decoded twice it might be another one.
    path: EDGE_PATH.exec(request.raw.url ?? '')?.[1] ?? '',
    correlationId: request.id,
  };
}

/** The error codes of answers, for logs. */
const ERRORS = new WeakMap<FastifyReply, AnswerCode>();

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { error, description }: OAuthError,
  status: number = STATUS[error] ?? 400,
): FastifyReply {
  const [scheme] = /^[A-Za-z]+/.exec(request.headers.authorization ?? '') ?? [];
  // RFC 6749, 5.2: who tries the Authorization header is answered in its scheme.
  if (error === 'invalid_client' && scheme !== undefined) {
    void reply.header('www-authenticate', `${scheme} realm="authplane"`);
  }
  if (status === 429 || status === 503) void reply.header('retry-after', '1');
  return sendError(request, reply, status, error, description);
}

/** RFC 6749, 5.2, and the id under which logs and the audit know the request. */
function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  error: Exclude<AnswerCode, 'none'>,
  description: string,
): FastifyReply {
  ERRORS.set(reply, error);
  return reply.code(status).send({ error, error_description: description, correlation_id: request.id });
}

/** Undefined for more parameters than any request has. */
function parseForm(text: string): Form | undefined {
  const form = new Map<string, string[]>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    if (++count > MAX_PARAMETERS) return undefined;
    const values = form.get(name);
    if (values === undefined) form.set(name, [value]);
    else values.push(value);
  }
  return form;
}
