/** Error codes of RFC 6749 (5.2), RFC 8693 (2.2.2) and, for a database that is away, RFC 6749 (4.1.2.1). */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_token_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'temporarily_unavailable'
  | 'slow_down';

/** Why a request is refused. `description` is for the developer of the client and never quotes a token or secret. */
export interface OAuthError {
  readonly kind: 'refused';
  readonly error: OAuthErrorCode;
  readonly description: string;
}

export function refused(error: OAuthErrorCode, description: string): OAuthError {
  return { kind: 'refused', error, description };
}
