import type { TlsEvent } from '../tls/server-tls.ts';
import type { Effect } from '../protocol/effect.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { LoadSample, Overload } from './load-guard.ts';
import type { StreamView } from './stream-view.ts';

/** Why a stream ended. `client`: it half-closed, cancelled or its connection went. */
export type StreamEndReason = 'client' | 'drain' | 'limit' | 'garbage' | 'identity' | 'stalled' | 'defect';

/** Why a new stream was turned away. */
export type RefusalReason = 'rate' | 'max_streams' | 'draining' | Overload;

/** All that the transport tells. Metrics, logs and fleet state read this one tap; times are milliseconds since the epoch. */
export type TransportEvent =
  | { readonly kind: 'streamOpened'; readonly stream: StreamView }
  | {
      readonly kind: 'streamRefused';
      readonly reason: RefusalReason;
      readonly service: StreamView['service'];
      readonly peer: string;
    }
  /** The process has become short of something, or is no longer (`isOver` false): new streams are turned away meanwhile. */
  | ({ readonly kind: 'overload'; readonly overload: Overload; readonly isOver: boolean } & LoadSample)
  /** `stream.node` is known now. */
  | { readonly kind: 'nodeIdentified'; readonly stream: StreamView }
  /** The first request has no node id: the stream is held, nothing is answered. */
  | { readonly kind: 'nodeMissing'; readonly stream: StreamView }
  /**
   * The certificate of the client is not that of the node it claims to be (`claimed`), or has expired; the stream ends with
   * PERMISSION_DENIED.
   */
  | {
      readonly kind: 'identityRefused';
      readonly stream: StreamView;
      readonly message: string;
      readonly claimed?: { readonly id: string; readonly cluster: string };
    }
  /** The stream works with this snapshot from now on. */
  | {
      readonly kind: 'snapshotTaken';
      readonly stream: StreamView;
      readonly snapshot: Snapshot;
      readonly atMs: number;
    }
  /** Told once for each type and stream. */
  | { readonly kind: 'unknownType'; readonly stream: StreamView; readonly typeUrl: TypeUrl }
  /** `bytes`: size of the response of a `send`, else 0. `cached`: its body was shared with another stream. */
  | {
      readonly kind: 'effect';
      readonly stream: StreamView;
      readonly effect: Effect;
      readonly atMs: number;
      readonly bytes: number;
      readonly cached: boolean;
    }
  /** The client reads slower than authplane writes. */
  | { readonly kind: 'blocked'; readonly stream: StreamView }
  | { readonly kind: 'unblocked'; readonly stream: StreamView }
  | {
      readonly kind: 'streamClosed';
      readonly stream: StreamView;
      readonly reason: StreamEndReason;
      /** grpc status code sent, where authplane ended the stream; 0 else. */
      readonly code: number;
      readonly message: string;
      readonly atMs: number;
    }
  /** A defect of authplane: the stream ends with INTERNAL, the process goes on. */
  | { readonly kind: 'defect'; readonly stream: StreamView; readonly error: unknown }
  /** What came over a connection is not HTTP/2, or breaks its rules. */
  | { readonly kind: 'connectionFailed'; readonly peer: string; readonly message: string }
  | { readonly kind: 'tlsHandshakeFailed'; readonly peer: string; readonly message: string }
  | TlsEvent;

/** Must not throw. */
export type TransportObserver = (event: TransportEvent) => void;
