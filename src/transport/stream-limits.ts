import { DEFAULT_REQUEST_RATE, type RequestRateLimits } from './request-rate.ts';

/** What one stream may ask for and how long it may wait. */
export interface StreamLimits {
  /** How long an update waits for what it depends on before it is sent all the same. */
  readonly gateTimeoutMs: number;
  /**
   * Explicit names in one subscription. An Envoy asks for the endpoints of every EDS cluster by name, so this is also
   * the number of EDS clusters a node can have.
   */
  readonly maxNamesPerSubscription: number;
  /** Bytes of one name, type URL, nonce or node id. */
  readonly maxNameBytes: number;
  /** Distinct type URLs on one aggregated stream, known or not. */
  readonly maxTypesPerStream: number;
  readonly requests: RequestRateLimits;
  /** A client that has read nothing for so long, with data waiting for it, is cut off. */
  readonly writeStallTimeoutMs: number;
  /** How long a stream that is ended may take to send what was written before. */
  readonly endGraceMs: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  gateTimeoutMs: 5_000,
  maxNamesPerSubscription: 20_000,
  maxNameBytes: 4_096,
  maxTypesPerStream: 64,
  requests: DEFAULT_REQUEST_RATE,
  writeStallTimeoutMs: 60_000,
  endGraceMs: 5_000,
};
