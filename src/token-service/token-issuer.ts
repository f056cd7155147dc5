import { randomBytes, randomUUID } from 'node:crypto';
import type { AuditEvent } from '../tokens/audit/audit-chain.ts';
import type { TokenConfig } from '../tokens/config/token-config.ts';
import { accessTokenClaims, signAccessToken } from '../tokens/jwt/access-token.ts';
import { writeBundle } from '../tokens/macaroon/macaroon-format.ts';
import { mintServiceMacaroon } from '../tokens/macaroon/service-macaroon.ts';
import type { Grant } from '../tokens/oauth/grant.ts';
import { refused, type OAuthError } from '../tokens/oauth/oauth-error.ts';
import type { AuditQueue } from './audit-queue.ts';
import type { KeyRing } from './key-ring.ts';

/** A token that was made, and is in the audit. */
export interface IssuedToken {
  readonly kind: 'issued';
  readonly token: string;
  /** `jti`, or the nonce of a macaroon. */
  readonly id: string;
  readonly expiresInSeconds: number;
}

/** For whom, and bound to what. */
export interface Issuing {
  readonly grant: Grant;
  readonly clientId: string;
  /** Of the client certificate that an access token is bound to. */
  readonly thumbprint: string | undefined;
  readonly correlationId: string;
}

export interface IssuerParts {
  readonly config: TokenConfig;
  readonly ring: KeyRing;
  readonly audit: AuditQueue;
  readonly nowMs: number;
}

const NO_KEY = refused('temporarily_unavailable', 'no signing key is active yet');
const TOO_LATE = refused('invalid_grant', 'the subject token is about to expire');

/** Signs an access token. It leaves only when the audit has it. @throws AuthplaneError DATABASE_UNAVAILABLE */
export async function issueAccessToken(
  issuing: Issuing,
  parts: IssuerParts,
): Promise<IssuedToken | OAuthError> {
  const { config, ring, nowMs } = parts;
  const signer = ring.signer(config.algorithm);
  if (signer === undefined) return NO_KEY;
  const { grant, clientId, thumbprint } = issuing;
  const { issuer, accessLifetimeMs: lifetimeMs } = config;
  const claims = accessTokenClaims(grant, {
    issuer,
    clientId,
    lifetimeMs,
    nowMs,
    jti: randomUUID(),
    thumbprint,
  });
  if (claims.exp <= claims.iat) return TOO_LATE;
  const token = await signAccessToken(claims, signer);
  await parts.audit.append(
    mintedEvent('token.minted', claims.jti, issuing, nowMs, { kid: signer.kid, exp: claims.exp }),
  );
  return { kind: 'issued', token, id: claims.jti, expiresInSeconds: claims.exp - claims.iat };
}

/** Makes a macaroon, whose holder can attenuate it and exchange it later. @throws as `issueAccessToken`. */
export async function issueMacaroon(issuing: Issuing, parts: IssuerParts): Promise<IssuedToken | OAuthError> {
  const { config, ring, nowMs } = parts;
  const root = ring.activeRootKey();
  if (root === undefined) return NO_KEY;
  const { grant, clientId } = issuing;
  const expiresMs = Math.min(nowMs + config.macaroonMaxLifetimeMs, grant.expiresMs ?? Infinity);
  if (expiresMs <= nowMs) return TOO_LATE;
  const nonce = randomBytes(16).toString('hex');
  const { subject, audience, scopes, claims } = grant;
  const identity = { kid: root.kid, nonce, subject, clientId, audiences: [audience], scopes, claims };
  const macaroon = mintServiceMacaroon(
    root.bytes,
    { ...identity, issuedMs: nowMs, expiresMs },
    config.issuer,
  );
  const exp = Math.floor(expiresMs / 1000);
  await parts.audit.append(mintedEvent('macaroon.minted', nonce, issuing, nowMs, { kid: root.kid, exp }));
  const token = writeBundle({ macaroon, discharges: [] });
  return { kind: 'issued', token, id: nonce, expiresInSeconds: Math.floor((expiresMs - nowMs) / 1000) };
}

function mintedEvent(
  action: string,
  id: string,
  { grant, clientId, correlationId }: Issuing,
  atMs: number,
  detail: { readonly kid: string; readonly exp: number },
): AuditEvent {
  const { subject, audience, scopes, by } = grant;
  return {
    atMs,
    actor: `client:${clientId}`,
    action,
    object: id,
    detail: { ...detail, subject, audience, scopes, by, correlation_id: correlationId },
  };
}
