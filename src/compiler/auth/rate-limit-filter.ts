import { durationJson, durationMs } from './auth-spec.ts';
import type { ChainContext } from './chain-context.ts';
import { httpFilter, NO_PART, type ChainPart } from './nested-filter.ts';

const ALWAYS = { default_value: { numerator: 100, denominator: 'HUNDRED' } } as const;

/** Bounds the requests of each Envoy (local_ratelimit): 429 above. */
export function rateLimitFilter({ chain: { spec } }: ChainContext): ChainPart {
  const { rateLimit, name } = spec;
  if (rateLimit === undefined) return NO_PART;
  const filter = httpFilter(`${name}/rate-limit`, 'local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: `${name}_rate_limit`,
    token_bucket: {
      max_tokens: rateLimit.burst,
      tokens_per_fill: rateLimit.refill ?? rateLimit.burst,
      fill_interval: durationJson(durationMs(rateLimit.interval, 1000)),
    },
    filter_enabled: ALWAYS,
    filter_enforced: ALWAYS,
  });
  return { filters: [filter], diagnostics: [] };
}
