import { once } from 'node:events';
import { request, type Agent } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

export interface HttpsRequest {
  readonly port: number;
  readonly path: string;
  /** Default: GET. */
  readonly method?: string;
  /** PEM of the CA that the server's certificate must come from. */
  readonly ca: string;
  /** Sent as a bearer token. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Keeps connections. Default: a connection of its own. */
  readonly agent?: Agent;
  /** Default: 10 000. */
  readonly timeoutMs?: number;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Of the server's certificate, in upper-case hex. */
  readonly serialNumber: string;
  /** False when a connection was made for this request. */
  readonly reusedConnection: boolean;
}

/** A request to `localhost` over TLS. @throws when the connection fails or nothing comes in time. */
export async function httpsRequest(options: HttpsRequest): Promise<HttpsAnswer> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const authorization = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const outgoing = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port: options.port,
    path: options.path,
    method: options.method ?? 'GET',
    ca: options.ca,
    headers: { host: `localhost:${options.port}`, ...authorization, ...options.headers },
    agent: options.agent ?? false,
    timeout: timeoutMs,
  });
  outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const { socket } = response;
  if (!(socket instanceof TLSSocket)) throw new Error('not a TLS connection');
  const { serialNumber } = socket.getPeerCertificate();
  let body = '';
  response.setEncoding('utf8');
  for await (const chunk of response) body += String(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    serialNumber,
    reusedConnection: outgoing.reusedSocket,
  };
}
