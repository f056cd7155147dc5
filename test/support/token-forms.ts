import { readBundle, writeBundle } from '../../src/tokens/macaroon/macaroon-format.ts';
import { addCaveat } from '../../src/tokens/macaroon/macaroon.ts';
import { TOKEN_TYPES } from '../../src/tokens/oauth/token-types.ts';
import type { TokenKey } from './jwt.ts';
import { AUTHORITY, CI_KEY, ISSUER, type FormValues } from './token-world.ts';

/** The token endpoint. */
export const TOKEN = '/oauth2/token';

export const CREDENTIALS = { grant_type: 'client_credentials' };

export const EXCHANGE = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' };

/** The certificate of the client `runner`. */
export const RUNNER = AUTHORITY.issue({ uris: ['spiffe://a.test/runner'] });

/** An exchange of a personal token. */
export function personal(text: string): FormValues {
  return { ...EXCHANGE, subject_token: text, subject_token_type: TOKEN_TYPES.personalToken };
}

/** An exchange of an ID token. */
export function idToken(token: string): FormValues {
  return { ...EXCHANGE, subject_token: token, subject_token_type: TOKEN_TYPES.idToken };
}

/** An exchange of a macaroon. */
export function macaroonOf(token: string): FormValues {
  return { ...EXCHANGE, subject_token: token, subject_token_type: TOKEN_TYPES.macaroon };
}

/** An ID token that the rule `ci-jobs` takes, unless the claims say otherwise. */
export function ciToken(claims: Readonly<Record<string, unknown>> = {}, key: TokenKey = CI_KEY): string {
  return key.sign({
    iss: 'https://ci.example',
    aud: ISSUER,
    sub: 'project:7',
    ref_protected: true,
    project_path: 'group/app',
    ...claims,
  });
}

/** A macaroon with more conditions. */
export function attenuate(token: string, ...caveats: readonly string[]): string {
  const { macaroon } = readBundle(token);
  const narrowed = caveats.reduce((made, caveat) => addCaveat(made, Buffer.from(caveat)), macaroon);
  return writeBundle({ macaroon: narrowed, discharges: [] });
}
