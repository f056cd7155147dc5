import { randomUUID } from 'node:crypto';
import type { TokenKey } from './jwt.ts';

/** The issuer of token services that tests start as a process. */
export const ISSUER = 'http://127.0.0.1:18100';

/** The client `gateway` of a token service on a loopback port. */
export class TokenClient {
  readonly #port: number;
  readonly #key: TokenKey;

  constructor(port: number, key: TokenKey) {
    this.#port = port;
    this.#key = key;
  }

  /** An access token by client credentials. */
  async mint(scope = 'read_api'): Promise<string> {
    return (await this.request({ grant_type: 'client_credentials', scope })).access_token;
  }

  /** A successful request to the token endpoint. @throws with the answer otherwise. */
  async request(form: Readonly<Record<string, string>>): Promise<{ readonly access_token: string }> {
    const { status, body } = await this.post('/oauth2/token', form);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body as { readonly access_token: string };
  }

  /** Any request of the client. @throws when the connection breaks. */
  async post(
    path: string,
    form: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    const nowS = Math.floor(Date.now() / 1000);
    const claims = {
      iss: 'gateway',
      sub: 'gateway',
      aud: ISSUER,
      iat: nowS,
      exp: nowS + 60,
      jti: randomUUID(),
    };
    const body = new URLSearchParams({
      ...form,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: this.#key.sign(claims),
    });
    const answer = await fetch(`http://127.0.0.1:${this.#port}${path}`, { method: 'POST', body });
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
  }
}
