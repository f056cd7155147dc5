import type { ResourceSet } from '../resources/resource-set.ts';
import type { Resource } from '../resources/resource.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { Rejection } from './request.ts';
import type { Update } from './update.ts';

/** All that a stream does. Metrics, logs, fleet state and tests read the same tap. */
export type Effect =
  | { readonly kind: 'send'; readonly typeUrl: TypeUrl; readonly nonce: string; readonly update: Update }
  /** The client accepted the response with this nonce. */
  | {
      readonly kind: 'acked';
      readonly typeUrl: TypeUrl;
      readonly nonce: string;
      readonly versionInfo: string;
    }
  /** The client rejected it. `resources`: those that the response changed, so one of them is at fault. */
  | {
      readonly kind: 'nacked';
      readonly typeUrl: TypeUrl;
      readonly nonce: string;
      readonly versionInfo: string;
      readonly rejection: Rejection;
      readonly resources: readonly Resource[];
    }
  /** A request with an outdated nonce. */
  | { readonly kind: 'stale'; readonly typeUrl: TypeUrl; readonly nonce: string }
  /** The subscription of a type changed; `names` counts explicit names. */
  | {
      readonly kind: 'subscribed';
      readonly typeUrl: TypeUrl;
      readonly wildcard: boolean;
      readonly names: number;
    }
  /** A client that came back has this from an earlier stream and is believed: it is not sent again. Comes before anything is sent. */
  | {
      readonly kind: 'resumed';
      readonly typeUrl: TypeUrl;
      readonly versionInfo: string;
      /** With what the client may have in another version, or has and is no longer there. */
      readonly held: ResourceSet;
    }
  /** An update waits at a gate: start a timer and send `holdExpired` when it ends. Replaces a running timer of the type. */
  | { readonly kind: 'holdStarted'; readonly typeUrl: TypeUrl }
  /** The wait is over: stop the timer. */
  | { readonly kind: 'holdEnded'; readonly typeUrl: TypeUrl; readonly timedOut: boolean };
