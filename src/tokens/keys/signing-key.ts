/** What a key is for: access tokens, which proxies verify with its public half, or macaroons, which only the token service verifies. */
export type KeyUse = 'jwt' | 'macaroon';

/** RFC 7518 and RFC 8037; `HMAC-SHA256` is for macaroons only. */
export type KeyAlgorithm = 'ES256' | 'RS256' | 'EdDSA' | 'HMAC-SHA256';

/** `pending`: published, signs nothing. `active`: signs. `retiring`: verifies what it has signed. The last two are final. */
export type KeyState = 'pending' | 'active' | 'retiring' | 'retired' | 'compromised';

/** What is known of a key without its private half. Times are milliseconds since the epoch. */
export interface SigningKey {
  /** For access tokens the thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  readonly use: KeyUse;
  readonly algorithm: KeyAlgorithm;
  readonly state: KeyState;
  /** When it was made; from then on it is published. */
  readonly createdMs: number;
  readonly activatedMs?: number;
  /** Of an active key: when another one is to take its place. */
  readonly rotateAfterMs?: number;
  readonly retiringMs?: number;
  /** Of a retiring key: when the last token that it signed has expired. */
  readonly verifyUntilMs?: number;
  /** Of a retired or compromised key. */
  readonly endedMs?: number;
}

/** Whether tokens of the key are taken, and its public half is published. */
export function isLive({ state }: SigningKey): boolean {
  return state === 'pending' || state === 'active' || state === 'retiring';
}
