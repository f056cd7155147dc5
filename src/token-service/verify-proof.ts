import { timingSafeEqual } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Jwk, TokenConfig, TrustedIssuerConfig } from '../tokens/config/token-config.ts';
import { verifyJwt } from '../tokens/jwt/verify-jwt.ts';
import { judgeCaveats, type MacaroonUse } from '../tokens/macaroon/judge-caveats.ts';
import { narrowedRights, readServiceMacaroon } from '../tokens/macaroon/service-macaroon.ts';
import { verifyMacaroon } from '../tokens/macaroon/verify-macaroon.ts';
import type { Proof } from '../tokens/oauth/decide-exchange.ts';
import { refused, type OAuthError } from '../tokens/oauth/oauth-error.ts';
import { TOKEN_TYPES } from '../tokens/oauth/token-types.ts';
import { isPersonalToken } from '../tokens/personal-token.ts';
import type { RevocationSet } from '../tokens/revocation.ts';
import { keysOf } from './jwk-keys.ts';
import type { KeyRing } from './key-ring.ts';
import type { ClientCertificate } from './request-context.ts';
import { findPersonalToken } from './token-lookup.ts';
import type { PersonalTokenStore } from './token-stores.ts';

export interface ProofParts {
  readonly config: TokenConfig;
  readonly ring: KeyRing;
  readonly revocations: RevocationSet;
  readonly personalTokens: PersonalTokenStore;
  /** Keys of an issuer that are fetched; undefined: not fetched yet. */
  readonly fetchedKeys: (url: string) => readonly Jwk[] | undefined;
  readonly nowMs: number;
}

/** What is presented. */
export interface Presented {
  readonly token: string;
  readonly tokenType: string;
  readonly certificate: ClientCertificate | undefined;
  /** What a macaroon is used for, as far as it is known. */
  readonly use: MacaroonUse;
}

type Outcome = { readonly kind: 'proved'; readonly proof: Proof } | OAuthError;

const REFUSED = refused('invalid_grant', 'the subject token is refused');

/** Verifies the subject token of an exchange. One reason for most failures: who presents it learns nothing of it. */
export async function verifyProof(presented: Presented, parts: ProofParts): Promise<Outcome> {
  switch (presented.tokenType) {
    case TOKEN_TYPES.personalToken:
      return personalTokenProof(presented.token, parts);
    case TOKEN_TYPES.macaroon:
      return macaroonProof(presented, parts);
    case TOKEN_TYPES.idToken:
      return idTokenProof(presented.token, parts);
    case TOKEN_TYPES.clientCertificate:
      return certificateProof(presented);
    default:
      return refused('invalid_request', 'subject_token_type is not supported');
  }
}

async function personalTokenProof(token: string, parts: ProofParts): Promise<Outcome> {
  if (!isPersonalToken(token)) return REFUSED;
  const found = await findPersonalToken(token, parts);
  if (found === undefined) return REFUSED;
  const { subject, expiresMs } = found;
  return proved({
    kind: 'personal_token',
    subject,
    scopes: new Set(found.scopes),
    audiences: new Set(found.audiences),
    projects: undefined,
    claims: found.claims,
    expiresMs,
  });
}

function macaroonProof({ token, use }: Presented, parts: ProofParts): Outcome {
  const read = readServiceMacaroon(token);
  if (read === undefined) return REFUSED;
  const { bundle, identity } = read;
  const rootKey = parts.ring.rootKey(identity.kid);
  if (rootKey === undefined) return REFUSED;
  const verdict = verifyMacaroon(rootKey, bundle);
  if (verdict.kind === 'refused' || identity.expiresMs <= parts.nowMs) return REFUSED;
  const { nonce, subject, clientId, issuedMs } = identity;
  if (parts.revocations.isMacaroonRevoked(nonce)) return REFUSED;
  if (parts.revocations.find({ jti: nonce, subject, clientId, issuedMs })) return REFUSED;
  const judged = judgeCaveats(verdict.conditions, use);
  // Its holder has attenuated it and may know why it does not fit.
  if (judged.kind === 'refused') return refused('invalid_grant', `the macaroon is refused: ${judged.reason}`);
  const { scopes, audiences, expiresMs } = narrowedRights(identity, judged.limits);
  const { projects } = judged.limits;
  return proved({
    kind: 'macaroon',
    subject,
    scopes,
    audiences,
    projects,
    claims: identity.claims,
    expiresMs,
  });
}

async function idTokenProof(token: string, parts: ProofParts): Promise<Outcome> {
  const issuer = issuerOf(token, parts.config);
  if (issuer === undefined) return REFUSED;
  const keys = issuer.jwks.kind === 'keys' ? issuer.jwks.keys : parts.fetchedKeys(issuer.jwks.url);
  if (keys === undefined)
    return refused('temporarily_unavailable', 'the keys of the issuer are not here yet');
  const verdict = await verifyJwt(token, {
    findKey: keysOf(keys),
    issuer: issuer.issuer,
    audience: issuer.audiences,
    type: undefined,
    requiredClaims: ['sub'],
    maxLifetimeMs: Infinity,
    nowMs: parts.nowMs,
  });
  if (verdict.kind === 'refused') return REFUSED;
  const { sub = '', iat = 0, exp = 0 } = verdict.claims;
  if (sub === '' || parts.nowMs - iat * 1000 > issuer.maxAgeMs) return REFUSED;
  return proved({
    kind: 'id_token',
    issuer: issuer.name,
    subject: sub,
    scopes: undefined,
    audiences: undefined,
    projects: undefined,
    claims: verdict.claims,
    expiresMs: exp * 1000,
  });
}

/** The issuer that a token names, before anything of it was verified. */
function issuerOf(token: string, config: TokenConfig): TrustedIssuerConfig | undefined {
  let claimed: string | undefined;
  try {
    claimed = decodeJwt(token).iss;
  } catch {
    // No JWT at all.
    return undefined;
  }
  return [...config.trustedIssuers.values()].find(({ issuer }) => issuer === claimed);
}

function certificateProof({ token, certificate }: Presented): Outcome {
  const [id, ...others] = certificate?.uris ?? [];
  if (certificate === undefined || id === undefined || others.length > 0) return REFUSED;
  if (!isEqual(token, certificate.thumbprint) || !id.startsWith('spiffe://')) return REFUSED;
  return proved({
    kind: 'client_certificate',
    subject: id,
    scopes: undefined,
    audiences: undefined,
    projects: undefined,
    claims: {},
    expiresMs: undefined,
  });
}

function isEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function proved(proof: Proof): Outcome {
  return { kind: 'proved', proof };
}
