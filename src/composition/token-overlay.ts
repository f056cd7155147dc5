import { overlayTokenState, type TokenOverlay } from '../compiler/auth/overlay-token-state.ts';
import type { Schema } from '../compiler/schema/registry.ts';
import type { Resource } from '../resources/resource.ts';
import type { Snapshot } from '../resources/snapshot.ts';

/** Lays a state of the token service over snapshots, each once. Undefined: nothing is known of it, and the place-holder refuses every token. */
export function tokenOverlay(
  schema: Schema,
  overlay: TokenOverlay | undefined,
): (snapshot: Snapshot) => Snapshot {
  if (overlay === undefined) return snapshot => snapshot;
  const snapshots = new WeakMap<Snapshot, Snapshot>();
  const resources = new WeakMap<Resource, Resource>();
  return snapshot => {
    let made = snapshots.get(snapshot);
    if (made === undefined) {
      made = overlayTokenState(schema, snapshot, overlay, resources);
      snapshots.set(snapshot, made);
    }
    return made;
  };
}
