import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** Header by which an answer of the upstream is known. */
export const ECHO_HEADER = 'x-authplane-echo';

/** The servers that a sandbox leads to. */
export interface StandIns extends AsyncDisposable {
  readonly upstream: { readonly http1: number; readonly http2: number };
  readonly external: { readonly http1: number; readonly http2: number };
  /** What the external service says from now on. */
  decide(decision: 'allow' | 'deny'): void;
}

/** gRPC message of envoy.service.auth.v3.CheckResponse with a google.rpc.Status of this code; 0 is encoded as nothing. */
function checkResponse(code: number): Buffer {
  const status = code === 0 ? Buffer.from([0x0a, 0x00]) : Buffer.from([0x0a, 0x02, 0x08, code]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(status.length, 1);
  return Buffer.concat([head, status]);
}

const PERMISSION_DENIED = 7;

/** Starts an upstream that echoes the headers it gets, and an external authorization service, each over HTTP/1.1 and HTTP/2. */
export async function startStandIns(): Promise<StandIns> {
  let decision: 'allow' | 'deny' = 'allow';
  const stack = new AsyncDisposableStack();
  const echo = (headers: object): string => JSON.stringify({ headers });
  const upstream1 = await listen(
    stack,
    createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json', [ECHO_HEADER]: '1' });
      response.end(echo(request.headers));
    }),
  );
  const upstream2 = createHttp2Server();
  upstream2.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': 'application/json', [ECHO_HEADER]: '1' });
    stream.end(echo(headers));
  });
  const external1 = await listen(
    stack,
    createServer((request, response) => {
      request.resume();
      response.writeHead(decision === 'allow' ? 200 : 403).end();
    }),
  );
  const external2 = createHttp2Server();
  external2.on('stream', stream => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': '0' });
    });
    stream.end(checkResponse(decision === 'allow' ? 0 : PERMISSION_DENIED));
  });
  return {
    upstream: { http1: upstream1, http2: await listen2(stack, upstream2) },
    external: { http1: external1, http2: await listen2(stack, external2) },
    decide: next => {
      decision = next;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function listen(stack: AsyncDisposableStack, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close').catch(() => undefined);
  });
  return (server.address() as AddressInfo).port;
}

async function listen2(stack: AsyncDisposableStack, server: Http2Server): Promise<number> {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', session => sessions.add(session));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    for (const session of sessions) session.destroy();
    server.close();
    await once(server, 'close').catch(() => undefined);
  });
  return (server.address() as AddressInfo).port;
}
