/** Somebody that a key must wait for. */
export interface KeyHolder {
  /** What is not there yet, for an operator. */
  readonly reason: string;
  /** Ids of the proxies; empty when it is not a matter of proxies. */
  readonly nodes: readonly string[];
}

/** By kid, who has not got it yet. */
export type KeyHolders = ReadonlyMap<string, readonly KeyHolder[]>;

/** For so long a proxy that has gone without the key is waited for, whether it left its replica or the replica itself has stopped: it answers requests with what it has. */
export const PROXY_EXPECTED_MS = 600_000;

/** Ids that are listed; more than this nobody reads. */
const MAX_NODES = 20;

/** Proxies with the same reason, of many the first ones; none for no proxies. */
export function holderOf(reason: string, nodes: readonly string[]): readonly KeyHolder[] {
  if (nodes.length === 0) return [];
  const more = nodes.length > MAX_NODES ? `, and ${nodes.length - MAX_NODES} more` : '';
  return [{ reason: reason + more, nodes: nodes.slice(0, MAX_NODES) }];
}

/** Whether the list of a holder may have been cut, so that it does not name all that it stands for. */
export function isCut({ nodes }: KeyHolder): boolean {
  return nodes.length >= MAX_NODES;
}
