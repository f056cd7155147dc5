import type { NodeIdentity } from '../resources/node.ts';
import type { HeldGroup } from './load-outcome.ts';

/** What the store reports beside the outcomes it returns. Wired to logs and metrics. */
export interface StoreObserver {
  /** A follower threw when it was given a snapshot; the others got theirs. */
  callbackFailed(node: NodeIdentity, thrown: unknown): void;
  /** A node connected whose group no node was in before, and the newest load has errors for it. */
  groupHeld(group: HeldGroup): void;
}
