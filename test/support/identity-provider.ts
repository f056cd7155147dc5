import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testClaims } from './auth-snapshot.ts';
import type { TokenKey } from './jwt.ts';

/** A token endpoint (RFC 6749, section 3.2) that trades the code `good` for tokens; what it was asked is kept. */
export class IdentityProvider implements AsyncDisposable {
  readonly port: number;
  readonly requests: URLSearchParams[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Access tokens are JSON Web Tokens for `testProvider`; id tokens are for the audience `web`. */
  static async start(key: TokenKey): Promise<IdentityProvider> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const provider = new IdentityProvider(server);
    server.on('request', (request, response) => {
      void bodyOf(request).then(body => {
        const form = new URLSearchParams(body);
        provider.requests.push(form);
        const isGood = request.url === '/token' && form.get('code') === 'good';
        response.writeHead(isGood ? 200 : 400, { 'content-type': 'application/json' });
        const tokens = {
          access_token: key.sign(testClaims()),
          id_token: key.sign(testClaims({ aud: 'web' })),
          token_type: 'Bearer',
          expires_in: 300,
        };
        response.end(JSON.stringify(isGood ? tokens : { error: 'invalid_grant' }));
      });
    });
    return provider;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close').catch(() => undefined);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
  return body;
}
