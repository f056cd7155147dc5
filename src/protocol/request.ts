import type { TypeUrl } from '../resources/type-url.ts';

/** `error_detail` of a request: the client rejected the response that `nonce` names. */
export interface Rejection {
  /** google.rpc.Code. */
  readonly code: number;
  /** As the client sent it. May echo configuration: redact before it leaves the process. */
  readonly message: string;
}

/** The part of `DiscoveryRequest` that the protocol reads. */
export interface SotwRequest {
  readonly variant: 'sotw';
  readonly typeUrl: TypeUrl;
  /** `response_nonce`; empty in the first request of a type. */
  readonly nonce: string;
  /** `version_info`: what the client accepted last, also on an earlier stream. Read in the first request of a type only; empty: nothing. */
  readonly version: string;
  readonly names: readonly string[];
  readonly rejection?: Rejection;
}

/** The part of `DeltaDiscoveryRequest` that the protocol reads. */
export interface DeltaRequest {
  readonly variant: 'delta';
  readonly typeUrl: TypeUrl;
  readonly nonce: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** `initial_resource_versions`: what a reconnecting client holds. Read in the first request of a type only. */
  readonly initialVersions: ReadonlyMap<string, string>;
  readonly rejection?: Rejection;
}

export type StreamRequest = SotwRequest | DeltaRequest;
