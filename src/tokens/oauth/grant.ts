import type { TokenConfig } from '../config/token-config.ts';
import { refused, type OAuthError } from './oauth-error.ts';

/** What a token is to say: what a request asked for and a rule allows. */
export interface Grant {
  readonly kind: 'granted';
  readonly subject: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Claims of the proof that the token carries. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The token ends then at the latest; undefined: only its own lifetime ends it. Milliseconds since the epoch. */
  readonly expiresMs: number | undefined;
  /** Projects that it is limited to; undefined: to none in particular. */
  readonly projects: readonly string[] | undefined;
  /** Name of the rule, or `client_credentials`; for the audit. */
  readonly by: string;
}

/** What of a request says what is wanted. */
export interface WantedToken {
  /** Values of `audience`. */
  readonly audiences: readonly string[];
  /** Words of `scope`; undefined: as much as is allowed. */
  readonly scopes: readonly string[] | undefined;
}

/** The one audience of a token; one that is not asked for is taken when there is no other. Pure. */
export function chooseAudience(wanted: WantedToken, allowed: ReadonlySet<string>): string | OAuthError {
  if (wanted.audiences.length > 1) return refused('invalid_target', 'a token has one audience');
  const [asked] = wanted.audiences;
  if (asked !== undefined) {
    return allowed.has(asked) ? asked : refused('invalid_target', 'this audience is not allowed');
  }
  const [only] = allowed;
  if (only === undefined) return refused('invalid_target', 'no audience is allowed');
  return allowed.size === 1 ? only : refused('invalid_target', 'say for which audience the token is');
}

/** The scopes of a token: all that are allowed when none are asked for. What is asked for and not allowed is refused, not left out. Pure. */
export function chooseScopes(
  config: Pick<TokenConfig, 'audiences'>,
  wanted: WantedToken,
  audience: string,
  allowed: readonly ReadonlySet<string>[],
): readonly string[] | OAuthError {
  const all = [...(config.audiences.get(audience) ?? [])];
  const granted = all.filter(scope => allowed.every(set => set.has(scope))).sort();
  if (wanted.scopes === undefined) return granted;
  if (!wanted.scopes.every(scope => granted.includes(scope))) {
    return refused('invalid_scope', 'a scope is unknown for this audience, or not allowed');
  }
  return [...new Set(wanted.scopes)].sort();
}
