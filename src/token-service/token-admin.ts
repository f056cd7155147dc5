import { AuthplaneError } from '../platform/errors.ts';
import type { AuditEntry } from '../tokens/audit/audit-chain.ts';
import type { KeyHolder } from '../tokens/keys/key-holder.ts';
import type { KeyLine } from '../tokens/keys/key-rotation.ts';
import { isLive, type KeyUse, type SigningKey } from '../tokens/keys/signing-key.ts';
import type { Grant } from '../tokens/oauth/grant.ts';
import type { PersonalToken } from '../tokens/personal-token.ts';
import type { RevocationKind } from '../tokens/revocation.ts';
import { keyLines } from './key-lines.ts';
import { createPersonalToken, type PersonalTokenWish } from './personal-tokens.ts';
import { writeRevocation } from './revoke.ts';
import { issueAccessToken } from './token-issuer.ts';
import { lookUpToken } from './token-lookup.ts';
import type { TokenService } from './token-service.ts';

/** A signing key with the key-encryption key that wraps it. */
export interface KeyStatus extends SigningKey {
  readonly kekId: string | undefined;
}

export interface KeysStatus {
  readonly keys: readonly KeyStatus[];
  /** Who has not got the pending key for access tokens. */
  readonly heldUpBy: readonly KeyHolder[];
  /** The current key-encryption key. */
  readonly kekId: string;
}

/** An access token that an operator makes, to try something out. */
export interface AccessTokenWish {
  readonly subject: string;
  readonly audience: string;
  readonly scopes: readonly string[];
}

/** What operators do with the token service. `actor` goes into the audit. Everything throws AuthplaneError DATABASE_UNAVAILABLE. */
export class TokenAdmin {
  readonly #service: TokenService;

  constructor(service: TokenService) {
    this.#service = service;
  }

  async keys(): Promise<KeysStatus> {
    await this.#service.refresh();
    const { stores, keks } = this.#service.parts;
    const stored = await stores.readKeys();
    const { heldUpBy } = this.#service.state;
    const keys = stored.map(({ key, sealed }) => ({ ...key, kekId: sealed?.kekId }));
    return { keys, heldUpBy, kekId: keks[0].id };
  }

  /** @returns who holds the next key up; empty: it signs now. */
  async rotate(use: KeyUse, actor: string): Promise<readonly KeyHolder[]> {
    return (await this.#service.rotate(this.#line(use), actor)).heldUpBy;
  }

  /** Lets the pending key sign whoever has not got it. */
  async force(use: KeyUse, reason: string, actor: string): Promise<void> {
    await this.#service.keeper.force(this.#line(use), actor, reason);
    await this.#service.refresh();
  }

  /** @throws AuthplaneError TOKEN_REFUSED when no live key has this kid. */
  async compromise(kid: string, reason: string, actor: string): Promise<void> {
    await this.#service.keeper.compromise(keyLines(this.#service.config), kid, actor, reason);
    await this.#service.refresh();
  }

  /** @returns how many keys were wrapped by another key-encryption key. */
  rewrap(actor: string): Promise<number> {
    return this.#service.keeper.rewrap(actor);
  }

  /** @throws AuthplaneError TOKEN_REFUSED */
  mintPersonal(
    wish: PersonalTokenWish,
    actor: string,
  ): Promise<{ readonly text: string; readonly token: PersonalToken }> {
    const { config, parts } = this.#service;
    return createPersonalToken(wish, actor, { config, store: parts.stores, nowMs: parts.clock.nowMs() });
  }

  listPersonal(subject: string | undefined): Promise<readonly PersonalToken[]> {
    return this.#service.parts.stores.listPersonalTokens(subject);
  }

  /** @throws AuthplaneError TOKEN_REFUSED */
  async mintAccess({ subject, audience, scopes }: AccessTokenWish, actor: string): Promise<string> {
    const { config, state, audit, parts } = this.#service;
    const known = config.audiences.get(audience);
    if (known === undefined)
      throw new AuthplaneError('TOKEN_REFUSED', `audience "${audience}" is not declared`);
    const stray = scopes.find(scope => !known.has(scope));
    if (stray !== undefined)
      throw new AuthplaneError('TOKEN_REFUSED', `audience "${audience}" has no scope "${stray}"`);
    const grant: Grant = {
      kind: 'granted',
      subject,
      audience,
      scopes,
      claims: {},
      expiresMs: undefined,
      projects: undefined,
      by: 'operator',
    };
    const issuing = { grant, clientId: actor, thumbprint: undefined, correlationId: '' };
    const nowMs = parts.clock.nowMs();
    const issued = await issueAccessToken(issuing, { config, ring: state.ring, audit, nowMs });
    if (issued.kind === 'refused') throw new AuthplaneError('TOKEN_REFUSED', issued.description);
    return issued.token;
  }

  /** What a token says, if it counts. */
  async verify(token: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { config, state, parts } = this.#service;
    const { ring, revocations } = state;
    const nowMs = parts.clock.nowMs();
    const found = await lookUpToken(token, {
      config,
      ring,
      revocations,
      personalTokens: parts.stores,
      nowMs,
    });
    if (found === undefined) return undefined;
    return found.kind === 'access' ? found.claims : { ...found.token };
  }

  /** @returns false when there was nothing to revoke. */
  async revoke(
    kind: RevocationKind | 'personal',
    value: string,
    reason: string,
    actor: string,
  ): Promise<boolean> {
    const { config, parts } = this.#service;
    const { stores, clock } = parts;
    const nowMs = clock.nowMs();
    let isRevoked = true;
    if (kind === 'personal') {
      const event = {
        atMs: nowMs,
        actor,
        action: 'personal_token.revoked',
        object: value,
        detail: { reason },
      };
      isRevoked = await stores.revokePersonalToken(value, nowMs, event);
    } else {
      await writeRevocation({ kind, value, reason }, actor, { config, nowMs, revocationStore: stores });
    }
    await this.#service.refresh();
    return isRevoked;
  }

  readAudit(afterSeq: number, limit: number): Promise<readonly AuditEntry[]> {
    return this.#service.parts.stores.readAudit(afterSeq, limit);
  }

  #line(use: KeyUse): KeyLine {
    const [jwt, macaroon] = keyLines(this.#service.config);
    return use === 'jwt' ? jwt : macaroon;
  }
}

/** Live keys before ended ones, each in the order of their making. */
export function sortKeys(keys: readonly KeyStatus[]): readonly KeyStatus[] {
  return keys.toSorted((a, b) => Number(isLive(b)) - Number(isLive(a)) || a.createdMs - b.createdMs);
}
