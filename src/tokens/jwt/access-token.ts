import { SignJWT, type CryptoKey, type KeyObject } from 'jose';
import type { Grant } from '../oauth/grant.ts';

/** The claims of an access token of RFC 9068. Times are seconds since the epoch. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly jti: string;
  readonly client_id: string;
  /** Words; absent when there are none. */
  readonly scope?: string;
  /** Projects that the token is limited to. */
  readonly projects?: readonly string[];
  /** RFC 8705: SHA-256 of the certificate that the token is bound to. */
  readonly cnf?: { readonly 'x5t#S256': string };
  readonly [claim: string]: unknown;
}

/** What beside the grant makes a token. */
export interface Minting {
  readonly issuer: string;
  readonly clientId: string;
  readonly lifetimeMs: number;
  readonly nowMs: number;
  /** Unguessable: whoever knows it can have the token revoked. */
  readonly jti: string;
  /** Of the client certificate that the token is bound to. */
  readonly thumbprint: string | undefined;
}

/** The media type of access tokens (RFC 9068, 2.1), so that no other token of the issuer is taken for one. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** The claims of a grant. A token never outlives its proof. Pure. */
export function accessTokenClaims(grant: Grant, minting: Minting): AccessTokenClaims {
  const { issuer, clientId, lifetimeMs, nowMs, jti, thumbprint } = minting;
  const issued = Math.floor(nowMs / 1000);
  const endMs = Math.min(nowMs + lifetimeMs, grant.expiresMs ?? Infinity);
  return {
    // First, so that nothing of the proof can stand for what follows.
    ...grant.claims,
    iss: issuer,
    sub: grant.subject,
    aud: grant.audience,
    exp: Math.floor(endMs / 1000),
    nbf: issued,
    iat: issued,
    jti,
    client_id: clientId,
    ...(grant.scopes.length === 0 ? {} : { scope: grant.scopes.join(' ') }),
    ...(grant.projects === undefined ? {} : { projects: grant.projects }),
    ...(thumbprint === undefined ? {} : { cnf: { 'x5t#S256': thumbprint } }),
  };
}

/** A private key with what tokens say of it. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: CryptoKey | KeyObject;
}

/** Signs claims as an access token. */
export function signAccessToken(
  claims: AccessTokenClaims,
  { kid, algorithm, privateKey }: Signer,
): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: algorithm, kid, typ: ACCESS_TOKEN_TYPE })
    .sign(privateKey);
}
