import type { AddressInfo } from 'node:net';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerOptions,
} from 'fastify';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { HttpPort, type PortTls } from '../tls/http-port.ts';
import { refusalOf, type AdminGuard } from './admin-guard.ts';
import type { StatusSource } from './status-source.ts';

/** What the admin server reads from. */
export interface AdminParts {
  readonly status: StatusSource;
  /** All metrics in the Prometheus text format. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  /** Called after each request. `route`: the template, or `unknown`. */
  readonly onRequest: (route: string, statusCode: number) => void;
  /** A request without the right certificate. */
  readonly onRefused: (refused: {
    readonly peer: string;
    readonly route: string;
    readonly reason: string;
  }) => void;
  /** A defect behind a 500. */
  readonly onError: (thrown: unknown) => void;
}

export interface AdminOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Absent: plain HTTP, and whoever reaches the port may read. */
  readonly tls?: AdminTls;
}

/** How the port is protected. */
export interface AdminTls extends PortTls {
  /** Absent: no client certificate is asked for. */
  readonly guard?: AdminGuard;
}

const REQUEST_TIMEOUT_MS = 10_000;

/** The pages are data for programs; should a browser show one, it must run nothing and be framed by nobody. */
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Health, metrics and the read-only API over HTTP; docs/admin-api.md describes every answer. */
export class AdminServer {
  readonly #server: FastifyInstance;
  readonly #options: AdminOptions;
  readonly #port: HttpPort;

  constructor(parts: AdminParts, options: AdminOptions) {
    this.#options = options;
    const { tls } = options;
    const common: FastifyServerOptions = {
      logger: false,
      bodyLimit: 1024,
      requestTimeout: REQUEST_TIMEOUT_MS,
      forceCloseConnections: true,
      return503OnClosing: false,
      // A URL that cannot be decoded reaches neither hooks nor handlers.
      frameworkErrors: (error, _request, reply) => {
        reply.headers(SECURITY_HEADERS);
        refuse(reply, error.statusCode ?? 400, 'BAD_REQUEST', error.message);
      },
      routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true },
    };
    this.#port = new HttpPort({
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      ...(tls === undefined ? {} : { tls }),
    });
    this.#server = fastify({ ...common, serverFactory: this.#port.factory });
    this.#addHooks(parts);
    addHealth(this.#server, parts);
    addApi(this.#server, parts.status);
  }

  /** @throws AuthplaneError LISTEN_FAILED */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    await this.#port.load();
    try {
      await this.#server.listen({ host, port });
    } catch (thrown) {
      throw new AuthplaneError('LISTEN_FAILED', `admin address ${host}:${port}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.server.address() as AddressInfo | null;
    return { host: this.#options.host, port: address?.port ?? this.#options.port };
  }

  /** Ends all connections. */
  async stop(): Promise<void> {
    this.#port.stop();
    await this.#server.close();
  }

  #addHooks(parts: AdminParts): void {
    const guard = this.#options.tls?.guard;
    this.#server.addHook('onRequest', (request, reply, done) => {
      reply.headers(SECURITY_HEADERS);
      const refusal = guard && refusalOf(guard, request.routeOptions.url, request.raw);
      if (refusal !== undefined) {
        parts.onRefused({ peer: request.ip, route: request.routeOptions.url ?? 'unknown', reason: refusal });
        refuse(reply, 403, 'FORBIDDEN', refusal);
        return;
      }
      if (request.method === 'GET' || request.method === 'HEAD') {
        done();
        return;
      }
      reply.header('allow', 'GET, HEAD');
      refuse(reply, 405, 'METHOD_NOT_ALLOWED', `${request.method} is not supported: this API only reads`);
    });
    this.#server.addHook('onResponse', (request, reply, done) => {
      parts.onRequest(request.routeOptions.url ?? 'unknown', reply.statusCode);
      done();
    });
    this.#server.setNotFoundHandler((request, reply) =>
      refuse(reply, 404, 'NOT_FOUND', `there is nothing at ${request.url.split('?')[0] ?? ''}`),
    );
    this.#server.setErrorHandler((error: FastifyError, _request, reply) => {
      const status = error.statusCode ?? 500;
      if (status < 500) return refuse(reply, status, 'BAD_REQUEST', error.message);
      parts.onError(error);
      return refuse(reply, 500, 'INTERNAL', 'a defect in authplane; its log has the details');
    });
  }
}

function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).send({ code, message });
}

function addHealth(server: FastifyInstance, parts: AdminParts): void {
  server.get('/livez', () => ({ status: 'ok' }));
  server.get<{ Querystring: { verbose?: string } }>('/readyz', (request, reply) => {
    const { ready, checks } = parts.status.health();
    const status = ready ? 'ok' : 'not ready';
    reply.code(ready ? 200 : 503);
    return request.query.verbose === undefined ? { status } : { status, checks };
  });
  server.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await parts.metrics();
    return reply.type(contentType).send(body);
  });
}

function addApi(server: FastifyInstance, status: StatusSource): void {
  server.get('/api/v1/nodes', () => ({ nodes: status.nodes() }));
  server.get<{ Params: { id: string } }>('/api/v1/nodes/:id', (request, reply) => {
    const node = status.node(request.params.id);
    return node ?? refuse(reply, 404, 'NODE_NOT_FOUND', `no proxy with id "${request.params.id}" is known`);
  });
  server.get('/api/v1/nacks', () => ({ nacks: status.nacks() }));
  server.get('/api/v1/snapshots', () => status.snapshots());
  server.get('/api/v1/secrets', () => ({ secrets: status.secrets() }));
  server.get<{ Params: { name: string } }>('/api/v1/secrets/:name', (request, reply) => {
    const { name } = request.params;
    return status.secret(name) ?? refuse(reply, 404, 'SECRET_NOT_FOUND', `no secret "${name}" is served`);
  });
}
