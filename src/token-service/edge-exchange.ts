import { createHash } from 'node:crypto';
import type { ClientConfig } from '../tokens/config/token-config.ts';
import { decideExchange } from '../tokens/oauth/decide-exchange.ts';
import { refused, type OAuthError } from '../tokens/oauth/oauth-error.ts';
import { TOKEN_TYPES } from '../tokens/oauth/token-types.ts';
import { isPersonalToken } from '../tokens/personal-token.ts';
import type { TokenEndpointParts } from './token-endpoint.ts';
import { issueAccessToken } from './token-issuer.ts';
import { verifyProof } from './verify-proof.ts';

/** A request that a proxy asks for. */
export interface EdgeRequest {
  readonly clientId: string;
  readonly audience: string;
  /** `Authorization` of the request. */
  readonly authorization: string | undefined;
  /** Values of the header for personal tokens. */
  readonly personalTokens: readonly string[];
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly correlationId: string;
}

/** `nothing`: the request brings nothing to exchange. */
export type EdgeAnswer =
  { readonly kind: 'token'; readonly token: string } | { readonly kind: 'nothing' } | OAuthError;

/** How long an access token is given again for the same personal token; a revocation ends that at once. */
const REUSE_MS = 10_000;
const MAX_REUSED = 10_000;

interface Reused {
  readonly token: string;
  readonly untilMs: number;
}

/** Exchanges what requests bring, for proxies. Access tokens for personal tokens are given again for a moment, so that not every request needs the database. */
export class EdgeExchange {
  /** By a hash of the personal token, the client and the audience. */
  readonly #reused = new Map<string, Reused>();
  /** Counts what was forgotten: an answer that began before may rest on what does not hold any more. */
  #generation = 0;

  /** @param isTooFast asked before a new exchange. @throws AuthplaneError DATABASE_UNAVAILABLE */
  async answer(
    request: EdgeRequest,
    parts: TokenEndpointParts,
    isTooFast: (client: ClientConfig) => boolean,
  ): Promise<EdgeAnswer> {
    const client = parts.config.clients.get(request.clientId);
    if (client?.authentication.kind !== 'edge')
      return refused('invalid_client', 'no proxies are known by this name');
    const brought = credentialOf(request);
    if (brought === undefined) return { kind: 'nothing' };
    if ('error' in brought) return brought;
    const { token, tokenType } = brought;
    const generation = this.#generation;
    const key = hashOf([token, request.clientId, request.audience]);
    const known = this.#reused.get(key);
    if (known !== undefined && parts.nowMs < known.untilMs) return { kind: 'token', token: known.token };
    if (isTooFast(client)) return refused('slow_down', 'too many exchanges');
    const { audience, method, path, correlationId } = request;
    const use = { nowMs: parts.nowMs, audience, method, path };
    const outcome = await verifyProof({ token, tokenType, certificate: undefined, use }, parts);
    if (outcome.kind === 'refused') return outcome;
    const grant = decideExchange(parts.config, client, outcome.proof, {
      audiences: [audience],
      scopes: undefined,
    });
    if (grant.kind === 'refused') return grant;
    const issued = await issueAccessToken(
      { grant, clientId: client.id, thumbprint: undefined, correlationId },
      parts,
    );
    if (issued.kind === 'refused') return issued;
    // What a macaroon allows depends on the request.
    if (tokenType === TOKEN_TYPES.personalToken && generation === this.#generation) {
      const reuseMs = Math.min(REUSE_MS, (issued.expiresInSeconds * 1000) / 2);
      this.#remember(key, { token: issued.token, untilMs: parts.nowMs + reuseMs });
    }
    return { kind: 'token', token: issued.token };
  }

  /** Something was revoked, or the rules are others. */
  forget(): void {
    this.#generation += 1;
    this.#reused.clear();
  }

  #remember(key: string, reused: Reused): void {
    this.#reused.set(key, reused);
    const [oldest] = this.#reused.keys();
    if (this.#reused.size > MAX_REUSED && oldest !== undefined) this.#reused.delete(oldest);
  }
}

interface Brought {
  readonly token: string;
  readonly tokenType: string;
}

/** The one credential of a request that is ours; undefined: it has none. */
function credentialOf({ authorization, personalTokens }: EdgeRequest): Brought | OAuthError | undefined {
  const brought: Brought[] = personalTokens.map(token => ({ token, tokenType: TOKEN_TYPES.personalToken }));
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (/^bearer$/i.test(scheme) && isPersonalToken(value)) {
    brought.push({ token: value, tokenType: TOKEN_TYPES.personalToken });
  }
  if (/^macaroon$/i.test(scheme)) brought.push({ token: value, tokenType: TOKEN_TYPES.macaroon });
  if (brought.length > 1) return refused('invalid_request', 'the request brings several credentials');
  return brought[0];
}

/** Secrets are not kept as keys of a map. */
function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
