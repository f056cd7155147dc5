import type { AuditEvent } from '../tokens/audit/audit-chain.ts';
import { readServiceMacaroon, type MacaroonIdentity } from '../tokens/macaroon/service-macaroon.ts';
import { expectedSignature, deriveKey } from '../tokens/macaroon/macaroon.ts';
import { timingSafeEqual } from 'node:crypto';
import { refused, type OAuthError } from '../tokens/oauth/oauth-error.ts';
import type { Revocation, RevocationKind } from '../tokens/revocation.ts';
import type { KeyRing } from './key-ring.ts';
import { lookUpToken, MAX_ACCESS_LIFETIME_MS, type LookupParts } from './token-lookup.ts';
import type { RevocationStore } from './token-stores.ts';

/** `nothing`: there was nothing to revoke, which is a success too (RFC 7009, 2.2). */
export type RevokeOutcome = { readonly kind: 'revoked' | 'nothing' } | OAuthError;

export interface RevokeParts extends LookupParts {
  readonly revocationStore: RevocationStore;
}

/** Revokes the token that a client presents (RFC 7009): its own ones, and personal tokens that it holds. @throws AuthplaneError DATABASE_UNAVAILABLE */
export async function revokePresented(
  token: string,
  clientId: string,
  parts: RevokeParts,
): Promise<RevokeOutcome> {
  const { nowMs } = parts;
  const actor = `client:${clientId}`;
  const macaroon = macaroonIdentity(token, parts.ring);
  if (macaroon !== undefined) {
    const { nonce, expiresMs, clientId: owner } = macaroon;
    if (owner !== clientId) return NOT_OWN;
    await writeRevocation(
      { kind: 'macaroon', value: nonce, expiresMs, reason: 'by its client' },
      actor,
      parts,
    );
    return { kind: 'revoked' };
  }
  const found = await lookUpToken(token, parts);
  if (found === undefined) return { kind: 'nothing' };
  if (found.kind === 'personal') {
    const { id } = found.token;
    const event = { atMs: nowMs, actor, action: 'personal_token.revoked', object: id, detail: {} };
    await parts.personalTokens.revokePersonalToken(id, nowMs, event);
    return { kind: 'revoked' };
  }
  const { jti, exp, client_id: owner } = found.claims;
  if (owner !== clientId) return NOT_OWN;
  const wish = { kind: 'jti', value: jti, clientId, expiresMs: exp * 1000, reason: 'by its client' } as const;
  await writeRevocation(wish, actor, parts);
  return { kind: 'revoked' };
}

const NOT_OWN = refused('unauthorized_client', 'the token was not issued to this client');

/** What an operator revokes. */
export interface RevocationWish {
  readonly kind: RevocationKind;
  readonly value: string;
  readonly clientId?: string;
  /** Undefined: until the last token that it can mean has expired. */
  readonly expiresMs?: number;
  readonly reason: string;
}

/** Refuses all tokens that the wish means and that were issued until now. @throws AuthplaneError DATABASE_UNAVAILABLE */
export async function writeRevocation(
  wish: RevocationWish,
  actor: string,
  { config, nowMs, revocationStore }: Pick<RevokeParts, 'config' | 'nowMs' | 'revocationStore'>,
): Promise<Revocation> {
  const { kind, value, clientId, reason } = wish;
  const longestMs = Math.max(MAX_ACCESS_LIFETIME_MS, kind === 'jti' ? 0 : config.macaroonMaxLifetimeMs);
  // A whole second more: tokens carry their time in seconds.
  const revocation = {
    kind,
    value,
    ...(clientId === undefined ? {} : { clientId }),
    issuedBeforeMs: Math.floor(nowMs / 1000) * 1000 + 1000,
    reason,
    createdMs: nowMs,
    expiresMs: (wish.expiresMs ?? nowMs + longestMs) + 60_000,
  };
  const event: AuditEvent = {
    atMs: nowMs,
    actor,
    action: 'token.revoked',
    object: value,
    detail: { kind, reason },
  };
  await revocationStore.insertRevocation(revocation, event);
  return revocation;
}

/** The identity of a macaroon of this service; its caveats do not matter, only that it is genuine. */
function macaroonIdentity(token: string, ring: KeyRing): MacaroonIdentity | undefined {
  const read = readServiceMacaroon(token);
  const rootKey = read && ring.rootKey(read.identity.kid);
  if (read === undefined || rootKey === undefined) return undefined;
  const { macaroon } = read.bundle;
  const expected = expectedSignature(deriveKey(rootKey), macaroon);
  return timingSafeEqual(expected, macaroon.signature) ? read.identity : undefined;
}
