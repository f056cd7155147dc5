import type { TokenConfig } from '../tokens/config/token-config.ts';
import { ACCESS_TOKEN_TYPE, type AccessTokenClaims } from '../tokens/jwt/access-token.ts';
import { verifyJwt } from '../tokens/jwt/verify-jwt.ts';
import { hashPersonalToken, isPersonalToken, type PersonalToken } from '../tokens/personal-token.ts';
import type { RevocationSet } from '../tokens/revocation.ts';
import type { KeyRing } from './key-ring.ts';
import type { PersonalTokenStore } from './token-stores.ts';

/** A token of this service that counts. */
export type FoundToken =
  | { readonly kind: 'access'; readonly claims: AccessTokenClaims }
  | { readonly kind: 'personal'; readonly token: PersonalToken };

export interface LookupParts {
  readonly config: TokenConfig;
  readonly ring: KeyRing;
  readonly revocations: RevocationSet;
  readonly personalTokens: PersonalTokenStore;
  readonly nowMs: number;
}

/** Longest validity of an access token that is still taken, whatever the configuration says now. */
export const MAX_ACCESS_LIFETIME_MS = 900_000;

/** The token if it counts: genuine, not expired, not revoked. Only a personal token is asked for in the database. */
export async function lookUpToken(text: string, parts: LookupParts): Promise<FoundToken | undefined> {
  if (isPersonalToken(text)) {
    const token = await findPersonalToken(text, parts);
    return token === undefined ? undefined : { kind: 'personal', token };
  }
  const claims = await verifyAccessToken(text, [...parts.config.audiences.keys()], parts);
  return claims === undefined ? undefined : { kind: 'access', claims };
}

/** The claims of an access token for one of the audiences, if it counts. Needs no database. */
export async function verifyAccessToken(
  token: string,
  audiences: readonly string[],
  { config, ring, revocations, nowMs }: Omit<LookupParts, 'personalTokens'>,
): Promise<AccessTokenClaims | undefined> {
  const verdict = await verifyJwt(token, {
    findKey: ring.findKey,
    issuer: config.issuer,
    audience: audiences,
    type: ACCESS_TOKEN_TYPE,
    requiredClaims: ['sub', 'jti', 'client_id', 'nbf'],
    maxLifetimeMs: MAX_ACCESS_LIFETIME_MS,
    nowMs,
  });
  if (verdict.kind === 'refused') return undefined;
  const claims = verdict.claims as unknown as AccessTokenClaims;
  const { jti, sub: subject, client_id: clientId, iat } = claims;
  return revocations.find({ jti, subject, clientId, issuedMs: iat * 1000 }) === undefined
    ? claims
    : undefined;
}

/** A personal token if it counts: known, not expired, not revoked. @throws AuthplaneError DATABASE_UNAVAILABLE */
export async function findPersonalToken(
  text: string,
  { personalTokens, revocations, nowMs }: Pick<LookupParts, 'personalTokens' | 'revocations' | 'nowMs'>,
): Promise<PersonalToken | undefined> {
  const token = await personalTokens.findPersonalToken(hashPersonalToken(text));
  if (token?.revokedMs !== undefined || token === undefined || token.expiresMs <= nowMs) return undefined;
  const { id, subject, createdMs } = token;
  const revocation = revocations.find({ jti: id, subject, clientId: undefined, issuedMs: createdMs });
  return revocation === undefined ? token : undefined;
}
