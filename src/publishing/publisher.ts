import type { NodeIdentity } from '../resources/node.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { withheldFrom, withoutSecrets } from './withhold-secrets.ts';
import { publishingStages, type RebindSlots } from './stages.ts';

/** What a publisher is made of. */
export interface PublisherParts {
  readonly rebind: RebindSlots;
  /** The snapshot for proxies without filter_chain. */
  readonly inline: (snapshot: Snapshot) => Snapshot;
}

/**
 * What streams are given of a snapshot: the secrets that the proxy may have, in the form that the proxy understands, in the stages from the one that it is at. Streams of a group share
 * the objects, and with them what is encoded once.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #granted = new WeakMap<Snapshot, Map<string, Snapshot>>();
  readonly #inlined = new WeakMap<Snapshot, Snapshot>();
  readonly #stages = new WeakMap<Snapshot, WeakMap<Snapshot, readonly Snapshot[]>>();

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** At least one snapshot; the last one is what the proxy ends with. `from`: what its stream is at; undefined: nothing yet. */
  stagesFor(node: NodeIdentity, from: Snapshot | undefined, whole: Snapshot): readonly Snapshot[] {
    const to = this.#grantedOf(node, whole);
    if (node.lacksFilterChain === true) return [this.#inlineOf(to)];
    if (from === undefined) return [to];
    let known = this.#stages.get(from);
    if (known === undefined) this.#stages.set(from, (known = new WeakMap<Snapshot, readonly Snapshot[]>()));
    let stages = known.get(to);
    if (stages === undefined) known.set(to, (stages = publishingStages(from, to, this.#parts.rebind)));
    return stages;
  }

  /** What the proxy may have of it. Proxies that lack the same secrets share the object. */
  #grantedOf(node: NodeIdentity, snapshot: Snapshot): Snapshot {
    if (snapshot.grants.size === 0) return snapshot;
    const withheld = withheldFrom(node, snapshot);
    if (withheld.length === 0) return snapshot;
    let known = this.#granted.get(snapshot);
    if (known === undefined) this.#granted.set(snapshot, (known = new Map<string, Snapshot>()));
    const key = JSON.stringify(withheld);
    let granted = known.get(key);
    if (granted === undefined) known.set(key, (granted = withoutSecrets(snapshot, withheld)));
    return granted;
  }

  #inlineOf(snapshot: Snapshot): Snapshot {
    let inlined = this.#inlined.get(snapshot);
    if (inlined === undefined) this.#inlined.set(snapshot, (inlined = this.#parts.inline(snapshot)));
    return inlined;
  }
}
