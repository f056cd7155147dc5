import type { ClientConfig } from '../tokens/config/token-config.ts';
import { refused, type OAuthError } from '../tokens/oauth/oauth-error.ts';
import { Buckets } from '../tokens/rate-limit.ts';
import { authenticateClient, type AuthenticatedClient } from './client-authenticator.ts';
import { EdgeExchange, type EdgeAnswer, type EdgeRequest } from './edge-exchange.ts';
import { introspect, type Introspection } from './introspect.ts';
import { repeated, single, type TokenRequest } from './request-context.ts';
import { revokePresented } from './revoke.ts';
import {
  answerTokenRequest,
  formProblem,
  type TokenAnswer,
  type TokenEndpointParts,
} from './token-endpoint.ts';
import type { TokenService } from './token-service.ts';

/** Requests in a second from one address that prove nobody, unless said otherwise. */
const ANONYMOUS_PER_SECOND = 20;
const MAX_BUCKETS = 10_000;

const STALE = refused('temporarily_unavailable', 'the database of the token service cannot be reached');
const TOO_FAST = refused('slow_down', 'too many requests');

export type IntrospectionAnswer =
  { readonly kind: 'introspection'; readonly body: Introspection } | OAuthError;
export type RevocationAnswer = { readonly kind: 'done' } | OAuthError;

/** The endpoints of the token service, without HTTP. Every method throws AuthplaneError DATABASE_UNAVAILABLE when it needs the database and that is away. */
export class TokenRequests {
  readonly #service: TokenService;
  readonly #buckets = new Buckets(MAX_BUCKETS);
  readonly #edge = new EdgeExchange();
  readonly #anonymousPerSecond: number;

  constructor(service: TokenService, anonymousPerSecond: number = ANONYMOUS_PER_SECOND) {
    this.#service = service;
    this.#anonymousPerSecond = anonymousPerSecond;
  }

  /** RFC 6749 (3.2), RFC 8693. */
  async token(request: TokenRequest): Promise<TokenAnswer> {
    const problem = formProblem(request.form);
    if (problem !== undefined) return problem;
    const client = await this.#authenticate(request);
    if (client.kind === 'refused') return client;
    if (!this.#service.isFresh) return STALE;
    return answerTokenRequest(request, client, this.#partsOf());
  }

  /** RFC 7662. */
  async introspect(request: TokenRequest): Promise<IntrospectionAnswer> {
    const token = presentedToken(request);
    if (typeof token !== 'string') return token;
    const client = await this.#authenticate(request);
    if (client.kind === 'refused') return client;
    if (client.client.introspects.size === 0) {
      return refused('unauthorized_client', 'this client may not ask about tokens');
    }
    return { kind: 'introspection', body: await introspect(token, client.client, this.#partsOf()) };
  }

  /** RFC 7009. */
  async revoke(request: TokenRequest): Promise<RevocationAnswer> {
    const token = presentedToken(request);
    if (typeof token !== 'string') return token;
    const client = await this.#authenticate(request);
    if (client.kind === 'refused') return client;
    const parts = { ...this.#partsOf(), revocationStore: this.#service.parts.stores };
    const outcome = await revokePresented(token, client.client.id, parts);
    if (outcome.kind === 'refused') return outcome;
    // The answer says that it counts here; the others are told by the database.
    if (outcome.kind === 'revoked') await this.#service.refresh();
    return { kind: 'done' };
  }

  /** What a proxy asks for a request (ext_authz). */
  async exchangeAtEdge(request: EdgeRequest): Promise<EdgeAnswer> {
    if (!this.#service.isFresh) return STALE;
    const parts = this.#partsOf();
    const isTooFast = (client: ClientConfig): boolean => this.#isTooFast(client, parts.nowMs);
    return this.#edge.answer(request, parts, isTooFast);
  }

  /** Something was revoked, or the configuration is another one. */
  forget(): void {
    this.#edge.forget();
  }

  async #authenticate(request: TokenRequest): Promise<AuthenticatedClient | OAuthError> {
    const { clock, stores } = this.#service.parts;
    const nowMs = clock.nowMs();
    const address = `address ${request.address}`;
    const config = this.#service.config;
    const client = await authenticateClient(request, { config, replays: stores, nowMs });
    if (client.kind === 'refused') {
      return this.#buckets.take(address, this.#anonymousPerSecond, nowMs) ? client : TOO_FAST;
    }
    return this.#isTooFast(client.client, nowMs) ? TOO_FAST : client;
  }

  #isTooFast({ id, requestsPerSecond }: ClientConfig, nowMs: number): boolean {
    return !this.#buckets.take(`client ${id}`, requestsPerSecond, nowMs);
  }

  #partsOf(): TokenEndpointParts {
    const { config, state, audit, parts } = this.#service;
    const { ring, revocations } = state;
    const { stores, fetchedKeys, clock } = parts;
    return { config, ring, revocations, audit, personalTokens: stores, fetchedKeys, nowMs: clock.nowMs() };
  }
}

/** The parameter `token`; `token_type_hint` is only a hint (RFC 7009, 2.1), and tokens tell by themselves what they are. */
function presentedToken({ form }: TokenRequest): string | OAuthError {
  const [twice] = repeated(form, []);
  if (twice !== undefined)
    return refused('invalid_request', `parameter ${twice.slice(0, 50)} is there twice`);
  return single(form, 'token') ?? refused('invalid_request', 'token is missing');
}
