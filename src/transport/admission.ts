/** How fast new streams are let in. */
export interface AdmissionOptions {
  /**
   * New streams a second, in the long run. One Envoy on per-type services opens a stream for each EDS cluster and
   * each secret, all at once, so a rate meant for "proxies" (operations guides say 15 + 5 for each core) would starve
   * a single large Envoy. Encoding once makes a stream cheap: 500 a second is a fifth of what one core can open.
   */
  readonly streamsPerSecond: number;
  /** New streams let in at once after a quiet time. */
  readonly burst: number;
  /** How long a stream may wait for its turn before it is refused. */
  readonly maxWaitMs: number;
  /** Streams open or waiting at one time. */
  readonly maxStreams: number;
}

export const DEFAULT_ADMISSION: AdmissionOptions = {
  streamsPerSecond: 500,
  burst: 2_000,
  maxWaitMs: 5_000,
  maxStreams: 50_000,
};

/** A token bucket whose level may be negative: each stream that waits has taken its token in advance. */
export interface AdmissionState {
  readonly tokens: number;
  readonly atMs: number;
  /** Streams open or waiting. */
  readonly streams: number;
}

export type AdmissionDecision =
  | { readonly kind: 'admitted'; /** 0: at once. */ readonly waitMs: number }
  | { readonly kind: 'refused'; readonly reason: 'rate' | 'max_streams' };

export function initialAdmission(options: AdmissionOptions, nowMs: number): AdmissionState {
  return { tokens: options.burst, atMs: nowMs, streams: 0 };
}

/** Decides about one new stream. Pure; a clock that steps back refills nothing. */
export function admit(
  state: AdmissionState,
  nowMs: number,
  options: AdmissionOptions,
): { readonly state: AdmissionState; readonly decision: AdmissionDecision } {
  const elapsedMs = Math.max(0, nowMs - state.atMs);
  const tokens = Math.min(options.burst, state.tokens + (elapsedMs / 1000) * options.streamsPerSecond);
  const refilled = { ...state, tokens, atMs: nowMs };
  if (state.streams >= options.maxStreams) {
    return { state: refilled, decision: { kind: 'refused', reason: 'max_streams' } };
  }
  const waitMs = tokens >= 1 ? 0 : ((1 - tokens) / options.streamsPerSecond) * 1000;
  if (waitMs > options.maxWaitMs) return { state: refilled, decision: { kind: 'refused', reason: 'rate' } };
  return {
    state: { ...refilled, tokens: tokens - 1, streams: state.streams + 1 },
    decision: { kind: 'admitted', waitMs },
  };
}

/** A stream that was admitted is gone. */
export function leave(state: AdmissionState): AdmissionState {
  return { ...state, streams: state.streams - 1 };
}
