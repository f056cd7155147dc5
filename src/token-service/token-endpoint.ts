import { refused, type OAuthError } from '../tokens/oauth/oauth-error.ts';
import { decideClientCredentials } from '../tokens/oauth/decide-client-credentials.ts';
import { decideExchange } from '../tokens/oauth/decide-exchange.ts';
import type { Grant, WantedToken } from '../tokens/oauth/grant.ts';
import { GRANT_TYPES, TOKEN_TYPES } from '../tokens/oauth/token-types.ts';
import type { AuthenticatedClient } from './client-authenticator.ts';
import { repeated, single, type Form, type TokenRequest } from './request-context.ts';
import { issueAccessToken, issueMacaroon, type Issuing, type IssuerParts } from './token-issuer.ts';
import { verifyProof, type ProofParts } from './verify-proof.ts';

/** The body of a successful answer (RFC 6749, 5.1; RFC 8693, 2.2.1). */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer' | 'N_A';
  readonly expires_in: number;
  readonly scope: string;
  readonly issued_token_type?: string;
}

export type TokenAnswer = { readonly kind: 'token'; readonly body: TokenResponse } | OAuthError;

export type TokenEndpointParts = IssuerParts & ProofParts;

const MAY_REPEAT = ['audience', 'resource'];
const [CLIENT_CREDENTIALS, TOKEN_EXCHANGE] = GRANT_TYPES;

/** What is wrong with the form of a request before anybody is authenticated; undefined: nothing. */
export function formProblem(form: Form): OAuthError | undefined {
  const [twice] = repeated(form, MAY_REPEAT);
  if (twice !== undefined)
    return refused('invalid_request', `parameter ${twice.slice(0, 50)} is there twice`);
  const grantType = single(form, 'grant_type');
  if (grantType === undefined) return refused('invalid_request', 'grant_type is missing');
  if (grantType === CLIENT_CREDENTIALS || grantType === TOKEN_EXCHANGE) return undefined;
  return refused('unsupported_grant_type', `grant_type must be one of ${GRANT_TYPES.join(', ')}`);
}

/** Answers a request to the token endpoint of an authenticated client whose form has no problem. @throws AuthplaneError DATABASE_UNAVAILABLE */
export async function answerTokenRequest(
  request: TokenRequest,
  { client, thumbprint }: AuthenticatedClient,
  parts: TokenEndpointParts,
): Promise<TokenAnswer> {
  const wanted = wantedToken(request.form);
  if ('error' in wanted) return wanted;
  const isExchange = single(request.form, 'grant_type') === TOKEN_EXCHANGE;
  const grant = isExchange
    ? await exchangeGrant(request, { kind: 'authenticated', client, thumbprint }, wanted, parts)
    : decideClientCredentials(parts.config, client, wanted);
  if (grant.kind === 'refused') return grant;
  const issuing = { grant, clientId: client.id, thumbprint, correlationId: request.correlationId };
  return isExchange ? answerExchange(request.form, issuing, parts) : answerWith(issuing, parts, undefined);
}

async function exchangeGrant(
  { form, certificate }: TokenRequest,
  { client }: AuthenticatedClient,
  wanted: WantedToken,
  parts: TokenEndpointParts,
): Promise<Grant | OAuthError> {
  const token = single(form, 'subject_token');
  const tokenType = single(form, 'subject_token_type');
  if (token === undefined || tokenType === undefined) {
    return refused('invalid_request', 'subject_token and subject_token_type are needed');
  }
  if (form.has('actor_token') || form.has('actor_token_type')) {
    return refused('invalid_request', 'actor tokens are not supported');
  }
  const [audience] = wanted.audiences;
  const use = {
    nowMs: parts.nowMs,
    ...(audience === undefined ? {} : { audience }),
    ...(certificate === undefined ? {} : { thumbprint: certificate.thumbprint }),
  };
  const outcome = await verifyProof({ token, tokenType, certificate, use }, parts);
  return outcome.kind === 'proved' ? decideExchange(parts.config, client, outcome.proof, wanted) : outcome;
}

async function answerExchange(form: Form, issuing: Issuing, parts: TokenEndpointParts): Promise<TokenAnswer> {
  const type = single(form, 'requested_token_type') ?? TOKEN_TYPES.accessToken;
  if (type === TOKEN_TYPES.accessToken || type === TOKEN_TYPES.jwt) return answerWith(issuing, parts, type);
  if (type !== TOKEN_TYPES.macaroon)
    return refused('invalid_request', 'requested_token_type is not supported');
  // What limits its proof would have to become caveats, or its holder could exchange the limits away.
  if (issuing.grant.projects !== undefined || single(form, 'subject_token_type') === TOKEN_TYPES.macaroon) {
    return refused(
      'invalid_request',
      'a macaroon is attenuated by its holder, not exchanged for another one',
    );
  }
  const issued = await issueMacaroon(issuing, parts);
  if (issued.kind === 'refused') return issued;
  const { token, expiresInSeconds } = issued;
  const scope = issuing.grant.scopes.join(' ');
  return {
    kind: 'token',
    // Not for the Authorization header of a resource (RFC 8693, 2.2.1).
    body: {
      access_token: token,
      token_type: 'N_A',
      expires_in: expiresInSeconds,
      scope,
      issued_token_type: type,
    },
  };
}

async function answerWith(
  issuing: Issuing,
  parts: TokenEndpointParts,
  type: string | undefined,
): Promise<TokenAnswer> {
  const issued = await issueAccessToken(issuing, parts);
  if (issued.kind === 'refused') return issued;
  return {
    kind: 'token',
    body: {
      access_token: issued.token,
      token_type: 'Bearer',
      expires_in: issued.expiresInSeconds,
      scope: issuing.grant.scopes.join(' '),
      ...(type === undefined ? {} : { issued_token_type: type }),
    },
  };
}

function wantedToken(form: Form): WantedToken | OAuthError {
  const audiences = [...(form.get('audience') ?? []), ...(form.get('resource') ?? [])].filter(
    text => text !== '',
  );
  const scope = single(form, 'scope');
  // RFC 6749, 3.3.
  if (scope !== undefined && !/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(scope)) {
    return refused('invalid_scope', 'scope is not of the form of RFC 6749');
  }
  return { audiences, scopes: scope?.split(' ') };
}
