import type { KeyHolder, KeyHolders } from '../tokens/keys/key-rotation.ts';
import type { SigningKey } from '../tokens/keys/signing-key.ts';
import type { ReplicaReport } from './token-stores.ts';

/** A replica that was not seen for so long has stopped, and its proxies are elsewhere. */
export const REPLICA_GONE_MS = 30_000;

/** Who holds up each pending key for access tokens, as all replicas report it. A replica that has not seen a key holds it up itself. Pure. */
export function combineHolders(
  keys: readonly SigningKey[],
  reports: readonly ReplicaReport[],
  nowMs: number,
): KeyHolders {
  const live = reports.filter(({ seenMs }) => nowMs - seenMs <= REPLICA_GONE_MS);
  const waiting = keys.filter(({ use, state }) => use === 'jwt' && state === 'pending');
  return new Map(
    waiting.map(({ kid }) => [kid, live.flatMap(({ id, heldUpBy }) => heldUpBy[kid] ?? [unseen(id)])]),
  );
}

function unseen(replica: string): KeyHolder {
  return { reason: `replica ${replica} has not seen the key yet`, nodes: [] };
}
