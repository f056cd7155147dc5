import type { TypeUrl } from '../resources/type-url.ts';
import type { Version } from '../resources/version.ts';
import type { HeldVersions } from './held-versions.ts';
import type { NodeView } from './node-view.ts';

/** A resource in which a proxy gets keys that verify tokens. */
export interface KeyCarrier {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly version: Version;
}

/** Proxies that have not got a key, by the reason. */
export interface MissingKey {
  readonly reason: string;
  readonly nodes: readonly string[];
}

/** Ids that are listed; more than this nobody reads. */
const MAX_NODES = 20;

/**
 * Which connected proxies have not got a key: it is not in what is served to them, or no version that they have accepted has it. Proxies that get no such keys do
 * not count. Pure.
 * @param carriersOf what is served to a node in the end, whether or not it has been sent.
 * @param hasKey whether the key is in a version of a carrier; false for versions that are not known any more.
 */
export function missingKey(
  nodes: readonly NodeView[],
  carriersOf: (node: NodeView) => readonly KeyCarrier[],
  hasKey: (version: Version) => boolean,
): readonly MissingKey[] {
  const unserved: string[] = [];
  const behind: string[] = [];
  for (const view of nodes) {
    if (view.streams.length === 0) continue;
    const carriers = carriersOf(view);
    if (!carriers.every(({ version }) => hasKey(version))) unserved.push(view.node.id);
    else if (carriers.some(carrier => isBehind(view, carrier, hasKey))) behind.push(view.node.id);
  }
  return [
    ...listed('what the proxy is served does not have the key yet', unserved),
    ...listed('the proxy has not accepted the key yet', behind),
  ];
}

function isBehind(
  { streams }: NodeView,
  { typeUrl, name }: KeyCarrier,
  hasKey: (version: Version) => boolean,
): boolean {
  return streams.some(({ types }) => {
    const held = types.get(typeUrl)?.held;
    if (held === undefined) return false;
    const accepted = held.accepted.get(name);
    return accepted === undefined ? isPending(held, name) : !hasKey(accepted);
  });
}

/** Sent and not answered; a name that was never sent is not used. */
function isPending({ pending }: HeldVersions, name: string): boolean {
  return [...pending.values()].some(sent => sent.has(name));
}

function listed(reason: string, nodes: readonly string[]): readonly MissingKey[] {
  if (nodes.length === 0) return [];
  const more = nodes.length > MAX_NODES ? `, and ${nodes.length - MAX_NODES} more` : '';
  return [{ reason: reason + more, nodes: nodes.slice(0, MAX_NODES) }];
}
