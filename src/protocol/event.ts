import type { Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { ChangedNames } from './changed-names.ts';
import type { StreamRequest } from './request.ts';

/** All that can happen to a stream. Time is an event, so the protocol needs no clock. */
export type StreamEvent =
  | { readonly kind: 'request'; readonly request: StreamRequest }
  /** The newest snapshot of the node's group; earlier ones may have been passed over. */
  | {
      readonly kind: 'snapshot';
      readonly snapshot: Snapshot;
      /** Snapshots to follow one by one, each when the client has accepted all of the one before. Default: none. */
      readonly then?: readonly Snapshot[];
      /** In the group of the snapshot. Default: nothing. */
      readonly changed?: ChangedNames;
    }
  /** The timer that `holdStarted` asked for has ended. */
  | { readonly kind: 'holdExpired'; readonly typeUrl: TypeUrl };
