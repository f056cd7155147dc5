import type { TokenConfig } from '../tokens/config/token-config.ts';
import { CLOCK_SKEW_MS } from '../tokens/jwt/verify-jwt.ts';
import type { KeyLine } from '../tokens/keys/key-rotation.ts';
import { MAX_ACCESS_LIFETIME_MS } from './token-lookup.ts';

/** How long a replica may sign with what it last read of the database: another one may have ended a key meanwhile. */
export const FRESH_MS = 10_000;

/** The lines of keys that a configuration wants. */
export function keyLines(config: TokenConfig): readonly [KeyLine, KeyLine] {
  const { algorithm, rotateEveryMs, macaroonMaxLifetimeMs } = config;
  const marginMs = CLOCK_SKEW_MS + FRESH_MS;
  return [
    { use: 'jwt', algorithm, rotateEveryMs, longestTokenMs: MAX_ACCESS_LIFETIME_MS + marginMs },
    {
      use: 'macaroon',
      algorithm: 'HMAC-SHA256',
      rotateEveryMs,
      longestTokenMs: macaroonMaxLifetimeMs + marginMs,
    },
  ];
}
