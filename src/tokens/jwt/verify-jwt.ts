import { jwtVerify, type CryptoKey, type JWTPayload, type JWTVerifyOptions, type KeyObject } from 'jose';
import { errors } from 'jose';

/** A public key, and the one algorithm that tokens may be signed with by it. */
export interface VerificationKey {
  readonly algorithm: string;
  readonly publicKey: CryptoKey | KeyObject;
}

/** Finds a key by the `kid` of a token. */
export type FindKey = (kid: string | undefined) => VerificationKey | undefined;

export interface JwtRules {
  readonly findKey: FindKey;
  readonly issuer: string | readonly string[];
  readonly audience: string | readonly string[];
  /** The header `typ`; undefined: any but that of access tokens. */
  readonly type: string | undefined;
  readonly requiredClaims: readonly string[];
  /** Longest time from `iat` to `exp`; milliseconds. */
  readonly maxLifetimeMs: number;
  readonly nowMs: number;
}

export type JwtVerdict =
  | { readonly kind: 'valid'; readonly claims: JWTPayload; readonly kid: string | undefined }
  | { readonly kind: 'refused'; readonly reason: string };

/** By how much clocks may differ. */
export const CLOCK_SKEW_MS = 5_000;
/** A larger token is refused before it is looked at. */
export const MAX_TOKEN_CHARACTERS = 8_192;

/**
 * Verifies a signed JWT more strictly than RFC 7519 asks: its algorithm is that of the key and of no other, it ends, it was issued, not in the future,
 * and not for longer than allowed. The reason never quotes the token.
 */
export async function verifyJwt(token: string, rules: JwtRules): Promise<JwtVerdict> {
  if (token.length > MAX_TOKEN_CHARACTERS) return { kind: 'refused', reason: 'the token is too long' };
  let algorithm: string | undefined;
  const options: JWTVerifyOptions = {
    issuer: asList(rules.issuer),
    audience: asList(rules.audience),
    ...(rules.type === undefined ? {} : { typ: rules.type }),
    requiredClaims: ['exp', 'iat', ...rules.requiredClaims],
    clockTolerance: CLOCK_SKEW_MS / 1000,
    currentDate: new Date(rules.nowMs),
  };
  try {
    const { payload, protectedHeader } = await jwtVerify(
      token,
      header => {
        const key = rules.findKey(header.kid);
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        ({ algorithm } = key);
        // Before any use of the key: a token must not choose what its signature means.
        if (header.alg !== algorithm) throw new errors.JOSEAlgNotAllowed('alg is not that of the key');
        return key.publicKey;
      },
      options,
    );
    const problem = timeProblem(payload, rules) ?? typeProblem(protectedHeader.typ, rules);
    if (problem !== undefined) return { kind: 'refused', reason: problem };
    return { kind: 'valid', claims: payload, kid: protectedHeader.kid };
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError)
      return { kind: 'refused', reason: `the token is refused: ${thrown.code}` };
    // jose throws a TypeError for a key that does not fit the algorithm.
    return { kind: 'refused', reason: 'the token cannot be verified' };
  }
}

function timeProblem(
  { iat = 0, exp = 0 }: JWTPayload,
  { nowMs, maxLifetimeMs }: JwtRules,
): string | undefined {
  if (iat * 1000 > nowMs + CLOCK_SKEW_MS) return 'the token was issued in the future';
  if ((exp - iat) * 1000 > maxLifetimeMs) return 'the token is valid for longer than allowed';
  return undefined;
}

/** An access token, for instance of this service, is not what it is verified as here. */
function typeProblem(type: string | undefined, rules: JwtRules): string | undefined {
  if (rules.type !== undefined || type === undefined) return undefined;
  return /^(application\/)?at\+jwt$/i.test(type) ? 'an access token is no proof here' : undefined;
}

function asList(values: string | readonly string[]): string[] {
  return typeof values === 'string' ? [values] : [...values];
}
