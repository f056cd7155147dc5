import { once } from 'node:events';
import { createServer as createHttpServer, request, type Server } from 'node:http';
import {
  connect,
  createServer as createHttp2Server,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type SecureClientSessionOptions,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

/** An HTTP/1.1 upstream that echoes what reached it, and the bytes of upgraded connections. */
export class EchoUpstream implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<{ destroy(): void }>();

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(): Promise<EchoUpstream> {
    const server = createHttpServer((incoming, response) => {
      incoming.resume();
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ path: incoming.url, method: incoming.method, headers: incoming.headers }),
      );
    });
    server.keepAliveTimeout = 120_000;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const upstream = new EchoUpstream(server);
    server.on('upgrade', (_request, socket) => {
      upstream.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
      socket.pipe(socket);
    });
    return upstream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close').catch(() => undefined);
  }
}

/** An HTTP/2 upstream that sends back what it gets on a stream, as a bidirectional gRPC method does. */
export async function startGrpcEcho(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createHttp2Server();
  const sockets = new Set<Socket>();
  server.on('session', session => {
    sockets.add(session.socket);
  });
  server.on('stream', stream => {
    stream.on('error', () => {
      stream.close();
    });
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

/** An upgraded connection (websocket) that must stay open. */
export class LongWebsocket implements Disposable {
  readonly #socket: Socket;
  isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('close', () => (this.isClosed = true));
    socket.on('error', () => (this.isClosed = true));
  }

  /** @throws when Envoy does not switch protocols. */
  static async open(port: number, path: string, token: string): Promise<LongWebsocket> {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      headers: {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        authorization: `Bearer ${token}`,
      },
    });
    outgoing.end();
    const switched = once(outgoing, 'upgrade') as Promise<[unknown, Socket]>;
    const refused = once(outgoing, 'response').then(([response]) => {
      throw new Error(`no upgrade: ${String((response as { statusCode?: number }).statusCode)}`);
    });
    const [, socket] = await Promise.race([switched, refused]);
    return new LongWebsocket(socket);
  }

  /** Sends bytes and waits for them. */
  async echo(text: string): Promise<boolean> {
    if (this.isClosed) return false;
    this.#socket.write(text);
    const [answer] = (await once(this.#socket, 'data')) as [Buffer];
    return answer.toString() === text;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** A bidirectional stream over HTTP/2 that must stay open. */
export class LongGrpcStream implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  isClosed = false;

  private constructor(session: ClientHttp2Session, stream: ClientHttp2Stream) {
    this.#session = session;
    this.#stream = stream;
    for (const event of ['close', 'error', 'end']) stream.on(event, () => (this.isClosed = true));
    session.on('error', () => (this.isClosed = true));
  }

  /** @throws when the stream is refused. */
  static async open(
    port: number,
    path: string,
    token: string,
    tls?: SecureClientSessionOptions,
  ): Promise<LongGrpcStream> {
    const session = connect(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, tls);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${token}`,
    });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    if (headers[':status'] !== 200 || headers['grpc-status'] !== undefined) {
      session.destroy();
      throw new Error(`the stream was refused: ${JSON.stringify(headers)}`);
    }
    return new LongGrpcStream(session, stream);
  }

  /** Sends bytes and waits for them. */
  async echo(text: string): Promise<boolean> {
    if (this.isClosed) return false;
    this.#stream.write(text);
    const [answer] = (await once(this.#stream, 'data')) as [Buffer];
    return answer.toString() === text;
  }

  [Symbol.dispose](): void {
    this.#stream.close();
    this.#session.destroy();
  }
}
