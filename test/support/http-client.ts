import { once } from 'node:events';
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

/** A plain HTTP/1.1 request to a port on loopback. */
export interface PlainRequest {
  /** Sent as it is, not normalised. Default: `/`. */
  readonly path?: string;
  /** Default: GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A bearer token for `Authorization`. */
  readonly token?: string;
  readonly body?: string;
}

/** What came back. */
export interface PlainResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** From the request to the end of the answer. */
  readonly durationMs: number;
}

/** Requests over kept connections. */
export class HttpClient implements Disposable {
  readonly #port: number;
  readonly #agent: Agent;

  /** `maxSockets` 1: everything goes over one connection. */
  constructor(port: number, options: { readonly maxSockets?: number } = {}) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, ...options });
  }

  /** @throws when the connection breaks, or no answer comes within ten seconds. */
  async request(options: PlainRequest = {}): Promise<PlainResponse> {
    const { path = '/', method = 'GET', headers = {}, token, body } = options;
    const startedMs = performance.now();
    const outgoing = request({
      host: '127.0.0.1',
      port: this.#port,
      path,
      method,
      agent: this.#agent,
      timeout: 10_000,
      headers: {
        ...Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [
            name,
            typeof value === 'string' ? value : [...value],
          ]),
        ),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer within 10 s')));
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let text = '';
    response.setEncoding('utf8');
    for await (const chunk of response) text += String(chunk);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: text,
      durationMs: performance.now() - startedMs,
    };
  }

  /** The status alone. */
  async status(options: PlainRequest = {}): Promise<number> {
    return (await this.request(options)).status;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
