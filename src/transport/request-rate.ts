/** How many requests a stream may send. */
export interface RequestRateLimits {
  /**
   * In the long run. An Envoy sends an ACK for each response and a request for each new name; one that finds virtual hosts or clusters on demand
   * may send a thousand in a moment, and not for long.
   */
  readonly perSecond: number;
  /** At once after a quiet time. */
  readonly burst: number;
  /** A client that wants to send more than that for so long is no proxy: its stream ends. */
  readonly maxThrottledMs: number;
}

export const DEFAULT_REQUEST_RATE: RequestRateLimits = {
  perSecond: 500,
  burst: 5_000,
  maxThrottledMs: 10_000,
};

/** A token bucket that may go below zero by one request. */
export interface RequestRate {
  readonly tokens: number;
  readonly atMs: number;
  /** Since when the client has been sending too much; undefined: it is not. */
  readonly throttledSinceMs: number | undefined;
}

/** `pause`: read nothing more for so long. */
export type RequestRateDecision =
  { readonly kind: 'go' } | { readonly kind: 'pause'; readonly ms: number } | { readonly kind: 'end' };

/** How much is let through at once again after a pause, as a part of a second. */
const PAUSE_SHARE = 0.1;

export function initialRequestRate(limits: RequestRateLimits, nowMs: number): RequestRate {
  return { tokens: limits.burst, atMs: nowMs, throttledSinceMs: undefined };
}

/** Counts one request that was read. Pure; a clock that steps back refills nothing. */
export function countRequest(
  state: RequestRate,
  nowMs: number,
  limits: RequestRateLimits,
): { readonly state: RequestRate; readonly decision: RequestRateDecision } {
  const { perSecond, burst, maxThrottledMs } = limits;
  const elapsedMs = Math.max(0, nowMs - state.atMs);
  const refilled = Math.min(burst, state.tokens + (elapsedMs / 1000) * perSecond);
  const isRelieved = refilled >= burst / 2;
  const since = isRelieved ? undefined : state.throttledSinceMs;
  const next = { tokens: refilled - 1, atMs: nowMs, throttledSinceMs: since };
  if (next.tokens >= 0) return { state: next, decision: { kind: 'go' } };
  if (since !== undefined && nowMs - since > maxThrottledMs)
    return { state: next, decision: { kind: 'end' } };
  return {
    state: { ...next, throttledSinceMs: since ?? nowMs },
    decision: { kind: 'pause', ms: PAUSE_SHARE * 1000 },
  };
}
