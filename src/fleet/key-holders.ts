import type { TypeUrl } from '../resources/type-url.ts';
import type { Version } from '../resources/version.ts';
import { holderOf, PROXY_EXPECTED_MS, type KeyHolder } from '../tokens/keys/key-holder.ts';
import type { HeldVersions } from './held-versions.ts';
import type { NodeView } from './node-view.ts';

/** A resource in which a proxy gets keys that verify tokens. */
export interface KeyCarrier {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly version: Version;
}

/** What is known of versions of resources. A version that is not known any more has nothing. */
export interface KeysInVersions {
  /** Whether the key in question is in a version. */
  readonly hasKey: (version: Version) => boolean;
  /** Whether any key of the token service is in a version. */
  readonly hasAny: (version: Version) => boolean;
}

/**
 * Which proxies have not got a key: it is not in what is served to them, or no version that they have accepted has it. Proxies that get no such keys do not count;
 * those that have gone do for ten minutes. Pure.
 * @param carriersOf what is served to a connected node in the end, whether or not it has been sent.
 */
export function missingKey(
  nodes: readonly NodeView[],
  carriersOf: (node: NodeView) => readonly KeyCarrier[],
  versions: KeysInVersions,
  nowMs: number,
): readonly KeyHolder[] {
  const unserved: string[] = [];
  const behind: string[] = [];
  const away: string[] = [];
  for (const view of nodes) {
    const { id } = view.node;
    if (view.streams.length === 0) {
      if (leftWithout(view, versions, nowMs)) away.push(id);
      continue;
    }
    const carriers = carriersOf(view);
    if (!carriers.every(({ version }) => versions.hasKey(version))) unserved.push(id);
    else if (carriers.some(carrier => isBehind(view, carrier, versions.hasKey))) behind.push(id);
  }
  return [
    ...holderOf('what the proxy is served does not have the key yet', unserved),
    ...holderOf('the proxy has not accepted the key yet', behind),
    ...holderOf('the proxy was connected a moment ago, did not have the key, and is not back', away),
  ];
}

/** Whether a proxy has gone, not long ago, with other keys than this one. */
function leftWithout(
  { types, disconnectedAtMs = 0 }: NodeView,
  versions: KeysInVersions,
  nowMs: number,
): boolean {
  if (nowMs - disconnectedAtMs > PROXY_EXPECTED_MS) return false;
  const accepted = types.flatMap(({ record }) => [...record.held.accepted.values()]);
  return accepted.some(version => versions.hasAny(version) && !versions.hasKey(version));
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
