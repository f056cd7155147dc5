import { decodeJwt } from 'jose';
import type { ClientConfig, TokenConfig } from '../tokens/config/token-config.ts';
import { verifyJwt } from '../tokens/jwt/verify-jwt.ts';
import { refused, type OAuthError } from '../tokens/oauth/oauth-error.ts';
import { JWT_BEARER } from '../tokens/oauth/token-types.ts';
import { keysOf } from './jwk-keys.ts';
import { single, type ClientCertificate, type Form, type TokenRequest } from './request-context.ts';
import type { ReplayStore } from './token-stores.ts';

/** A client that has proved who it is. */
export interface AuthenticatedClient {
  readonly kind: 'authenticated';
  readonly client: ClientConfig;
  /** Of the certificate that it proved it with: tokens are bound to it. */
  readonly thumbprint: string | undefined;
}

export interface AuthenticatorParts {
  readonly config: TokenConfig;
  readonly replays: ReplayStore;
  readonly nowMs: number;
}

/** Longest validity of an assertion. */
const MAX_ASSERTION_MS = 300_000;
const MAX_JTI = 255;
const UNKNOWN = refused('invalid_client', 'the client is unknown, or did not prove who it is');

/**
 * Says which client a request is of: by a signed assertion (RFC 7523), or by the certificate of the connection (RFC 8705). One reason for all
 * failures, so that nobody learns which clients there are.
 */
export async function authenticateClient(
  { form, certificate, hasAuthorization }: TokenRequest,
  parts: AuthenticatorParts,
): Promise<AuthenticatedClient | OAuthError> {
  if (hasAuthorization || form.has('client_secret')) {
    return refused(
      'invalid_client',
      'secrets of clients are not taken; use private_key_jwt or tls_client_auth',
    );
  }
  const type = single(form, 'client_assertion_type');
  const assertion = single(form, 'client_assertion');
  if (type === undefined && assertion === undefined) return byCertificate(form, certificate, parts.config);
  if (type !== JWT_BEARER || assertion === undefined) {
    return refused('invalid_client', `client_assertion_type must be ${JWT_BEARER}`);
  }
  return byAssertion(assertion, single(form, 'client_id'), parts);
}

function byCertificate(
  form: Form,
  certificate: ClientCertificate | undefined,
  config: TokenConfig,
): AuthenticatedClient | OAuthError {
  const client = config.clients.get(single(form, 'client_id') ?? '');
  if (client?.authentication.kind !== 'tls_client_auth' || certificate === undefined) return UNKNOWN;
  const { kind, value } = client.authentication.name;
  const names = kind === 'spiffe' ? certificate.uris : certificate.dnsNames;
  // A SPIFFE certificate has one URI; with two nobody could tell which is meant.
  if (!names.includes(value) || (kind === 'spiffe' && names.length > 1)) return UNKNOWN;
  return { kind: 'authenticated', client, thumbprint: certificate.thumbprint };
}

async function byAssertion(
  assertion: string,
  clientId: string | undefined,
  { config, replays, nowMs }: AuthenticatorParts,
): Promise<AuthenticatedClient | OAuthError> {
  const id = claimedIssuer(assertion);
  const client = id === undefined || (clientId ?? id) !== id ? undefined : config.clients.get(id);
  if (client?.authentication.kind !== 'private_key_jwt') return UNKNOWN;
  const verdict = await verifyJwt(assertion, {
    findKey: keysOf(client.authentication.keys),
    issuer: client.id,
    audience: [config.issuer, `${config.issuer}/oauth2/token`],
    type: undefined,
    requiredClaims: ['sub', 'jti'],
    maxLifetimeMs: MAX_ASSERTION_MS,
    nowMs,
  });
  if (verdict.kind === 'refused' || verdict.claims.sub !== client.id) return UNKNOWN;
  const { jti = '', exp = 0, aud } = verdict.claims;
  // An assertion for several audiences could be used at the others by whoever runs one of them.
  if (Array.isArray(aud) && aud.length > 1) return UNKNOWN;
  if (jti === '' || jti.length > MAX_JTI) return UNKNOWN;
  const isFirst = await replays.claim(`client ${client.id}`, jti, exp * 1000 + MAX_ASSERTION_MS);
  return isFirst ? { kind: 'authenticated', client, thumbprint: undefined } : UNKNOWN;
}

/** Who an assertion says it is of, before anything of it was verified. */
function claimedIssuer(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).iss;
  } catch {
    // No JWT at all.
    return undefined;
  }
}
