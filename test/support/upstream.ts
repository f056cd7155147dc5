import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an upstream answers, as JSON: who it is and what reached it. */
export interface UpstreamAnswer {
  readonly upstream: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** A small HTTP/1.1 server on loopback that says who it is. `/slow?ms=N` answers after N milliseconds. */
export class Upstream implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly #server: Server;
  #requests = 0;

  private constructor(name: string, server: Server) {
    this.name = name;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('request', () => this.#requests++);
  }

  /** Port 0 takes a free one. @throws when the port is taken. */
  static async start(name: string, port = 0): Promise<Upstream> {
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://upstream');
      const answer: UpstreamAnswer = {
        upstream: name,
        method: request.method ?? '',
        path: url.pathname,
        headers: request.headers,
      };
      const respond = (): void => {
        response.setHeader('content-type', 'application/json');
        response.end(`${JSON.stringify(answer)}\n`);
      };
      const delayMs = url.pathname === '/slow' ? Number(url.searchParams.get('ms') ?? '0') : 0;
      if (delayMs > 0) setTimeout(respond, delayMs);
      else respond();
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Upstream(name, server);
  }

  /** Number of requests so far. */
  get requests(): number {
    return this.#requests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close').catch(() => undefined);
  }
}
