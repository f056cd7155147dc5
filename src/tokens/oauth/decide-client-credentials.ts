import type { ClientConfig, TokenConfig } from '../config/token-config.ts';
import { chooseAudience, chooseScopes, type Grant, type WantedToken } from './grant.ts';
import { refused, type OAuthError } from './oauth-error.ts';

/** Decides on a token that a client asks for in its own name (RFC 6749, 4.4). Pure. */
export function decideClientCredentials(
  config: TokenConfig,
  client: ClientConfig,
  wanted: WantedToken,
): Grant | OAuthError {
  if (client.audiences.size === 0) {
    return refused('unauthorized_client', 'this client may not get tokens in its own name');
  }
  const audience = chooseAudience(wanted, client.audiences);
  if (typeof audience !== 'string') return audience;
  const scopes = chooseScopes(config, wanted, audience, [client.scopes]);
  if ('error' in scopes) return scopes;
  return {
    kind: 'granted',
    subject: client.id,
    audience,
    scopes,
    claims: {},
    expiresMs: undefined,
    projects: undefined,
    by: 'client_credentials',
  };
}
