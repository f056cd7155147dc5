import type { JsonObject } from '@bufbuild/protobuf';
import { ADS_SOURCE } from './auth-names.ts';
import type { OAuth2AuthenticatorSpec } from './auth-spec.ts';
import type { ChainContext } from './chain-context.ts';
import { authenticatorsOf, bringsApiKey } from './credentials.ts';
import { headerPresent } from './matchers.ts';
import { httpFilter, NO_PART, type ChainPart } from './nested-filter.ts';

const TOKEN_TIMEOUT = '5s';

/** Where the id token of a login stands; Envoy does not take `authorization` for it. Clients cannot send it. */
export const ID_TOKEN_HEADER = 'x-authplane-id-token';

/**
 * Sends browsers to a login page (Envoy's oauth2). The token of the login goes into a header, where jwt_authn verifies it: a valid
 * cookie alone is not enough. A request that brings a credential is not sent to the login page.
 */
export function oauth2Filter({ chain: { spec } }: ChainContext): ChainPart {
  const [authenticator] = authenticatorsOf(spec, 'oauth2');
  if (authenticator === undefined) return NO_PART;
  const oauth2 = authenticator.spec;
  const brings = [headerPresent('authorization'), bringsApiKey(spec)].filter(match => match !== undefined);
  const filter = httpFilter(`${spec.name}/oauth2`, 'oauth2.v3.OAuth2', {
    config: {
      token_endpoint: { cluster: oauth2.cluster, uri: oauth2.tokenEndpoint, timeout: TOKEN_TIMEOUT },
      authorization_endpoint: oauth2.authorizationEndpoint,
      redirect_uri:
        oauth2.redirectUri === ''
          ? `%REQ(x-forwarded-proto)%://%REQ(:authority)%${redirectPath(oauth2)}`
          : oauth2.redirectUri,
      redirect_path_matcher: { path: { exact: redirectPath(oauth2) } },
      signout_path: { path: { exact: oauth2.signoutPath === '' ? '/oauth2/signout' : oauth2.signoutPath } },
      credentials: {
        client_id: oauth2.clientId,
        token_secret: secret(oauth2.clientSecret),
        hmac_secret: secret(oauth2.hmacSecret),
      },
      auth_scopes: oauth2.scopes.length === 0 ? ['openid'] : [...oauth2.scopes],
      ...forwarding(oauth2),
      pass_through_matcher: brings,
      use_refresh_token: true,
      cookie_configs: cookieConfigs(),
    },
  });
  return { filters: [filter], diagnostics: [] };
}

function redirectPath({ redirectPath: path }: OAuth2AuthenticatorSpec): string {
  return path === '' ? '/oauth2/callback' : path;
}

function forwarding({ verify }: OAuth2AuthenticatorSpec): JsonObject {
  return verify === 1 ? { forward_id_token: { header: ID_TOKEN_HEADER } } : { forward_bearer_token: true };
}

function secret(name: string): JsonObject {
  return { name, sds_config: ADS_SOURCE };
}

/** Sent with navigation from the identity provider back to the site, and with nothing else of other sites. */
function cookieConfigs(): JsonObject {
  const lax = { same_site: 'LAX' };
  return {
    bearer_token_cookie_config: lax,
    oauth_hmac_cookie_config: lax,
    oauth_expires_cookie_config: lax,
    id_token_cookie_config: lax,
    refresh_token_cookie_config: lax,
    oauth_nonce_cookie_config: lax,
    code_verifier_cookie_config: lax,
  };
}
