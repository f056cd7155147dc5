import {
  holderOf,
  isCut,
  PROXY_EXPECTED_MS,
  type KeyHolder,
  type KeyHolders,
} from '../tokens/keys/key-holder.ts';
import type { SigningKey } from '../tokens/keys/signing-key.ts';
import type { ReplicaReport } from './token-stores.ts';

/** A replica that was not seen for so long has stopped. */
export const REPLICA_GONE_MS = 30_000;

/**
 * Who holds up each pending key for access tokens, as all replicas report it. A replica that has not seen a key holds it up itself; so do proxies of a replica
 * that has stopped, which did not have the key then and are not back yet: they answer requests with the keys that they have. Pure.
 */
export function combineHolders(
  keys: readonly SigningKey[],
  reports: readonly ReplicaReport[],
  nowMs: number,
): KeyHolders {
  const live = reports.filter(report => isLive(report, nowMs));
  const gone = reports.filter(report => !isLive(report, nowMs) && nowMs - report.seenMs <= PROXY_EXPECTED_MS);
  const back = new Set(live.flatMap(({ proxies }) => proxies));
  const waiting = keys.filter(({ use, state }) => use === 'jwt' && state === 'pending');
  return new Map(
    waiting.map(({ kid }) => [
      kid,
      [
        ...live.flatMap(({ id, heldUpBy }) => heldUpBy[kid] ?? [unseen(id)]),
        ...holderOf(
          'the proxy was connected to a replica that has stopped, did not have the key, and is not back',
          [...new Set(gone.flatMap(report => lacking(report, kid)).filter(id => !back.has(id)))],
        ),
      ],
    ]),
  );
}

/** Whether a replica runs, as far as its report tells. */
export function isLive({ seenMs, isStopped }: ReplicaReport, nowMs: number): boolean {
  return !isStopped && nowMs - seenMs <= REPLICA_GONE_MS;
}

function unseen(replica: string): KeyHolder {
  return { reason: `replica ${replica} has not seen the key yet`, nodes: [] };
}

/** Proxies that had not got a key when their replica was last seen; all of them when that is not known. */
function lacking({ heldUpBy, proxies }: ReplicaReport, kid: string): readonly string[] {
  const holders = heldUpBy[kid];
  if (holders === undefined) return proxies;
  const named = holders.flatMap(({ nodes }) => nodes);
  // Lists are cut; and what is held up by no proxy by name may be held up by any.
  return holders.length > 0 && (named.length === 0 || holders.some(isCut)) ? proxies : named;
}
