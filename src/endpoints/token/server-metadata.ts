import { GRANT_TYPES } from '../../tokens/oauth/token-types.ts';

/** Signature algorithms that assertions of clients may have. */
const ASSERTION_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA'];

/** The document of RFC 8414. @param hasMutualTls whether clients are asked for certificates. */
export function serverMetadata(
  issuer: string,
  scopes: readonly string[],
  hasMutualTls: boolean,
): Readonly<Record<string, unknown>> {
  const methods = ['private_key_jwt', ...(hasMutualTls ? ['tls_client_auth'] : [])];
  return {
    issuer,
    token_endpoint: `${issuer}/oauth2/token`,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    jwks_uri: `${issuer}/jwks.json`,
    scopes_supported: scopes,
    // Required by RFC 8414; there is no authorization endpoint.
    response_types_supported: [],
    grant_types_supported: GRANT_TYPES,
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    tls_client_certificate_bound_access_tokens: hasMutualTls,
  };
}
