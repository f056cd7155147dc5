import type { TypeUrl } from '../resources/type-url.ts';
import type { Version } from '../resources/version.ts';
import { holdingOf } from './held-versions.ts';
import type { NodeView } from './node-view.ts';

/** A resource in which a proxy gets keys that verify tokens. */
export interface KeyCarrier {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly version: Version;
  /** Whether the key in question is in it. */
  readonly hasKey: boolean;
}

/** Proxies that have not got a key, by the reason. */
export interface MissingKey {
  readonly reason: string;
  readonly nodes: readonly string[];
}

/** Ids that are listed; more than this nobody reads. */
const MAX_NODES = 20;

/**
 * Which connected proxies have not got a key: it is not in what is served to them, or they have not accepted that. Proxies that get no such keys do not count.
 * Pure.
 * @param carriersOf what is served to a node in the end, whether or not it has been sent.
 */
export function missingKey(
  nodes: readonly NodeView[],
  carriersOf: (node: NodeView) => readonly KeyCarrier[],
): readonly MissingKey[] {
  const unserved: string[] = [];
  const behind: string[] = [];
  for (const view of nodes) {
    if (view.streams.length === 0) continue;
    const carriers = carriersOf(view);
    if (carriers.some(({ hasKey }) => !hasKey)) unserved.push(view.node.id);
    else if (carriers.some(carrier => isBehind(view, carrier))) behind.push(view.node.id);
  }
  return [
    ...listed(
      'the files of the proxy have errors, so it is served an earlier state without the key',
      unserved,
    ),
    ...listed('the proxy has not accepted the key yet', behind),
  ];
}

function isBehind({ streams }: NodeView, { typeUrl, name, version }: KeyCarrier): boolean {
  return streams.some(({ types }) => {
    const held = types.get(typeUrl)?.held;
    return held !== undefined && holdingOf(held, name, version) === 'behind';
  });
}

function listed(reason: string, nodes: readonly string[]): readonly MissingKey[] {
  if (nodes.length === 0) return [];
  const more = nodes.length > MAX_NODES ? `, and ${nodes.length - MAX_NODES} more` : '';
  return [{ reason: reason + more, nodes: nodes.slice(0, MAX_NODES) }];
}
