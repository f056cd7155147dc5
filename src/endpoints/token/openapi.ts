import { GRANT_TYPES, JWT_BEARER, TOKEN_TYPES } from '../../tokens/oauth/token-types.ts';

type Json = Readonly<Record<string, unknown>>;

const TEXT = { type: 'string' } as const;

/** Parameters by which a client proves who it is. */
const CLIENT_AUTHENTICATION: Json = {
  client_id: { ...TEXT, description: 'Needed with a client certificate (RFC 8705).' },
  client_assertion_type: { ...TEXT, enum: [JWT_BEARER] },
  client_assertion: { ...TEXT, description: 'A JWT signed by the client (RFC 7523); its jti counts once.' },
};

/** The API as an OpenAPI 3.1 document. */
export function openApiDocument(issuer: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'authplane token service',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: issuer }],
    paths: {
      '/oauth2/token': post(
        'Get an access token, or exchange a proof for one (RFC 6749, RFC 8693).',
        TOKEN_FORM,
        'Token',
      ),
      '/oauth2/introspect': post('Ask whether a token counts (RFC 7662).', TOKEN_QUESTION, 'Introspection'),
      '/oauth2/revoke': post('Revoke a token (RFC 7009).', TOKEN_QUESTION, undefined),
      '/jwks.json': get('The public keys (RFC 7517).', 'Jwks'),
      '/.well-known/oauth-authorization-server': get('What the service offers (RFC 8414).', 'Metadata'),
    },
    components: { schemas: SCHEMAS },
  };
}

const TOKEN_FORM: Json = {
  type: 'object',
  required: ['grant_type'],
  properties: {
    grant_type: { ...TEXT, enum: GRANT_TYPES },
    audience: { type: 'array', maxItems: 1, items: TEXT },
    scope: { ...TEXT, description: 'Words, separated by spaces. Absent: all that is allowed.' },
    subject_token: TEXT,
    subject_token_type: {
      ...TEXT,
      enum: [
        TOKEN_TYPES.personalToken,
        TOKEN_TYPES.macaroon,
        TOKEN_TYPES.idToken,
        TOKEN_TYPES.clientCertificate,
      ],
    },
    requested_token_type: { ...TEXT, enum: [TOKEN_TYPES.accessToken, TOKEN_TYPES.jwt, TOKEN_TYPES.macaroon] },
    ...CLIENT_AUTHENTICATION,
  },
};

const TOKEN_QUESTION: Json = {
  type: 'object',
  required: ['token'],
  properties: { token: TEXT, token_type_hint: TEXT, ...CLIENT_AUTHENTICATION },
};

const SCHEMAS: Json = {
  Token: {
    type: 'object',
    required: ['access_token', 'token_type', 'expires_in', 'scope'],
    properties: {
      access_token: TEXT,
      token_type: { ...TEXT, enum: ['Bearer', 'N_A'] },
      expires_in: { type: 'integer', description: 'Seconds.' },
      scope: TEXT,
      issued_token_type: TEXT,
    },
  },
  Introspection: { type: 'object', required: ['active'], properties: { active: { type: 'boolean' } } },
  Jwks: {
    type: 'object',
    required: ['keys'],
    properties: { keys: { type: 'array', items: { type: 'object' } } },
  },
  Metadata: { type: 'object', required: ['issuer', 'token_endpoint', 'jwks_uri'] },
  Error: {
    type: 'object',
    required: ['error', 'correlation_id'],
    properties: { error: TEXT, error_description: TEXT, correlation_id: TEXT },
  },
};

function post(summary: string, form: Json, answer: string | undefined): Json {
  const requestBody = { required: true, content: { 'application/x-www-form-urlencoded': { schema: form } } };
  return { post: { summary, requestBody, responses: { ...success(answer), ...FAILURES } } };
}

function get(summary: string, answer: string): Json {
  return { get: { summary, responses: success(answer) } };
}

function success(schema: string | undefined): Json {
  const ok = schema === undefined ? {} : { content: { 'application/json': { schema: reference(schema) } } };
  return { 200: { description: 'Done.', ...ok } };
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

const FAILURES: Json = Object.fromEntries(
  Object.entries({
    400: 'The request is refused.',
    401: 'The client did not prove who it is.',
    429: 'Too many requests.',
    503: 'The database cannot be reached.',
  }).map(([status, description]) => [
    status,
    { description, content: { 'application/json': { schema: reference('Error') } } },
  ]),
);
