import type { Clock } from '../platform/clock.ts';
import { missingKey, type KeyCarrier } from '../fleet/key-holders.ts';
import type { NodeView } from '../fleet/node-view.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import type { Resource } from '../resources/resource.ts';
import { EXTENSION_CONFIG, LISTENER } from '../resources/type-url.ts';
import type { Version } from '../resources/version.ts';
import type { NodeIdentity } from '../resources/node.ts';
import type { KeyHolder } from '../tokens/keys/key-holder.ts';
import type { SigningKey } from '../tokens/keys/signing-key.ts';

/** Types in which a chain, and with it its keys, reaches a proxy. */
const TYPES = [EXTENSION_CONFIG, LISTENER] as const;

export interface KeyCarrierParts {
  readonly nodes: () => readonly NodeView[];
  /** What a connected node is served now, whether or not it has it yet. */
  readonly snapshotOf: (node: NodeIdentity) => Snapshot | undefined;
  readonly publisher: Pick<Publisher, 'stagesFor'>;
  readonly clock: Clock;
  /** All keys that are published. */
  readonly kids: () => readonly string[];
}

/** Versions of which it is remembered what keys they have; proxies are at one of the last few. */
const MAX_VERSIONS = 5_000;

/**
 * Says which connected proxies have not got a key. What carries keys is told by its bytes: a `kid` is a hash that stands nowhere else, so this holds for every
 * form in which a chain is delivered.
 */
export function keyHolders(parts: KeyCarrierParts): (key: SigningKey) => readonly KeyHolder[] {
  const known = new Map<Version, Set<string>>();
  /** By resource: the kids that were looked for. Resources are shared and never change. */
  const searched = new WeakMap<Resource, Set<string>>();
  const look = (resource: Resource, kids: readonly string[]): ReadonlySet<string> => {
    const found = known.get(resource.version) ?? new Set<string>();
    const before = searched.get(resource) ?? new Set<string>();
    for (const kid of kids) {
      if (before.has(kid)) continue;
      before.add(kid);
      if (Buffer.from(resource.body).includes(kid)) found.add(kid);
    }
    searched.set(resource, before);
    known.delete(resource.version);
    known.set(resource.version, found);
    const [oldest] = known.keys();
    if (known.size > MAX_VERSIONS && oldest !== undefined) known.delete(oldest);
    return found;
  };
  const carriersIn = (snapshot: Snapshot, kids: readonly string[]): readonly KeyCarrier[] =>
    TYPES.flatMap(typeUrl => [...resourcesOf(snapshot, typeUrl).byName.values()])
      .filter(resource => look(resource, kids).size > 0)
      .map(({ typeUrl, name, version }) => ({ typeUrl, name, version }));
  return ({ kid }) => {
    const kids = [...new Set([...parts.kids(), kid])];
    const bySnapshot = new Map<Snapshot, readonly KeyCarrier[]>();
    const carriersOf = ({ node }: NodeView): readonly KeyCarrier[] => {
      const whole = parts.snapshotOf(node);
      const snapshot = whole && parts.publisher.stagesFor(node, undefined, whole).at(-1);
      if (snapshot === undefined) return [];
      let carriers = bySnapshot.get(snapshot);
      if (carriers === undefined) bySnapshot.set(snapshot, (carriers = carriersIn(snapshot, kids)));
      return carriers;
    };
    const versions = {
      hasKey: (version: Version) => known.get(version)?.has(kid) === true,
      hasAny: (version: Version) => (known.get(version)?.size ?? 0) > 0,
    };
    return missingKey(parts.nodes(), carriersOf, versions, parts.clock.nowMs());
  };
}
