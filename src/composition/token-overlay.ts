import {
  overlayTokenState,
  usesTokenService,
  type TokenOverlay,
} from '../compiler/auth/overlay-token-state.ts';
import type { Schema } from '../compiler/schema/registry.ts';
import type { Logger } from '../platform/log.ts';
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

/** For a server without token service: says once that files ask for one. The place-holder in their chains refuses every token. */
export function withoutTokenService(log: Logger): (snapshot: Snapshot) => Snapshot {
  let isTold = false;
  return snapshot => {
    if (!isTold && usesTokenService(snapshot)) {
      isTold = true;
      log.error(
        { event: 'tokens.missing', group: snapshot.nodeGroup },
        'a jwt_provider has the keys of the token service, and there is none (--token-config): all of its tokens are refused',
      );
    }
    return snapshot;
  };
}
