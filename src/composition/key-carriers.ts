import { missingKey, type KeyCarrier } from '../fleet/key-holders.ts';
import type { NodeView } from '../fleet/node-view.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import type { Resource } from '../resources/resource.ts';
import { EXTENSION_CONFIG, LISTENER } from '../resources/type-url.ts';
import type { ResourceStore } from '../store/resource-store.ts';
import type { KeyHolder } from '../tokens/keys/key-rotation.ts';
import type { SigningKey } from '../tokens/keys/signing-key.ts';

/** Types in which a chain, and with it its keys, reaches a proxy. */
const TYPES = [EXTENSION_CONFIG, LISTENER] as const;

export interface KeyCarrierParts {
  readonly nodes: () => readonly NodeView[];
  readonly store: Pick<ResourceStore, 'snapshotOf'>;
  readonly publisher: Pick<Publisher, 'stagesFor'>;
  /** All keys that are published. */
  readonly kids: () => readonly string[];
}

/**
 * Says which connected proxies have not got a key. What carries keys is told by its bytes: a `kid` is a hash that stands nowhere else, so this holds for every
 * form in which a chain is delivered.
 */
export function keyHolders(parts: KeyCarrierParts): (key: SigningKey) => readonly KeyHolder[] {
  /** By resource: the kids in it. Resources are shared and never change. */
  const found = new WeakMap<Resource, Map<string, boolean>>();
  const has = (resource: Resource, kid: string): boolean => {
    let known = found.get(resource);
    if (known === undefined) found.set(resource, (known = new Map<string, boolean>()));
    let isThere = known.get(kid);
    if (isThere === undefined) known.set(kid, (isThere = Buffer.from(resource.body).includes(kid)));
    return isThere;
  };
  const carriersIn = (snapshot: Snapshot, kid: string, kids: readonly string[]): readonly KeyCarrier[] =>
    TYPES.flatMap(typeUrl => [...resourcesOf(snapshot, typeUrl).byName.values()])
      .filter(resource => kids.some(other => has(resource, other)))
      .map(resource => ({
        typeUrl: resource.typeUrl,
        name: resource.name,
        version: resource.version,
        hasKey: has(resource, kid),
      }));
  return ({ kid }) => {
    const kids = parts.kids();
    const bySnapshot = new Map<Snapshot, readonly KeyCarrier[]>();
    return missingKey(parts.nodes(), ({ node }) => {
      const whole = parts.store.snapshotOf(node);
      const snapshot = whole && parts.publisher.stagesFor(node, undefined, whole).at(-1);
      if (snapshot === undefined) return [];
      let carriers = bySnapshot.get(snapshot);
      if (carriers === undefined) bySnapshot.set(snapshot, (carriers = carriersIn(snapshot, kid, kids)));
      return carriers;
    });
  };
}
