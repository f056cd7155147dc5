import type { ClientConfig } from '../tokens/config/token-config.ts';
import { lookUpToken, type LookupParts } from './token-lookup.ts';

/** The answer to an introspection (RFC 7662, 2.2). Whatever is wrong with a token, the answer is the same. */
export type Introspection =
  { readonly active: false } | ({ readonly active: true } & Readonly<Record<string, unknown>>);

const INACTIVE: Introspection = { active: false };

/** Whether a token counts, for a client that may ask about its audience. @throws AuthplaneError DATABASE_UNAVAILABLE for personal tokens only. */
export async function introspect(
  token: string,
  client: ClientConfig,
  parts: LookupParts,
): Promise<Introspection> {
  const found = await lookUpToken(token, parts);
  if (found === undefined) return INACTIVE;
  if (found.kind === 'access') {
    if (!client.introspects.has(found.claims.aud)) return INACTIVE;
    return { active: true, token_type: 'Bearer', ...found.claims };
  }
  const { subject, scopes, audiences, createdMs, expiresMs } = found.token;
  const known = audiences.filter(name => client.introspects.has(name));
  if (known.length === 0) return INACTIVE;
  return {
    active: true,
    iss: parts.config.issuer,
    sub: subject,
    aud: known,
    scope: scopes.join(' '),
    iat: Math.floor(createdMs / 1000),
    exp: Math.floor(expiresMs / 1000),
  };
}
