/** Grant types of the token endpoint (RFC 6749, 4.4; RFC 8693, 2.1). */
export const GRANT_TYPES = ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'] as const;

/** Token types of RFC 8693 (section 3), and our own. */
export const TOKEN_TYPES = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  personalToken: 'urn:authplane:params:oauth:token-type:personal_token',
  macaroon: 'urn:authplane:params:oauth:token-type:macaroon',
  /** The subject token is the SHA-256 of the client certificate of the connection, base64url. */
  clientCertificate: 'urn:authplane:params:oauth:token-type:client_certificate',
} as const;

/** The type of client assertions (RFC 7523, 2.2). */
export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
