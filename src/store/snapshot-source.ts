import type { NodeIdentity } from '../resources/node.ts';
import type { Snapshot } from '../resources/snapshot.ts';

/** What streams see of the store. */
export interface SnapshotSource {
  /**
   * Follows the snapshot of a node: `onSnapshot` is called at once (synchronously) when there is one, then whenever
   * it changes. A node that no file matches is never called and never wiped.
   */
  join(node: NodeIdentity, onSnapshot: (snapshot: Snapshot) => void): Disposable;
}
