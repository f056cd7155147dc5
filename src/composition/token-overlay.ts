import {
  overlayTokenState,
  strangeIssuers,
  usesTokenService,
  type TokenOverlay,
} from '../compiler/auth/overlay-token-state.ts';
import type { Schema } from '../compiler/schema/registry.ts';
import type { Logger } from '../platform/log.ts';
import type { Resource } from '../resources/resource.ts';
import type { Snapshot } from '../resources/snapshot.ts';

/** What of the token service lies over snapshots. Undefined: nothing is known of it, and the place-holder refuses every token. */
export interface OverlayParts {
  readonly schema: Schema;
  readonly overlay: TokenOverlay | undefined;
  /** Of the token service; undefined: not known yet. */
  readonly issuer: string | undefined;
  readonly log: Logger;
}

/** Lays a state of the token service over snapshots, each once. */
export function tokenOverlay({
  schema,
  overlay,
  issuer,
  log,
}: OverlayParts): (snapshot: Snapshot) => Snapshot {
  if (overlay === undefined) return snapshot => snapshot;
  const snapshots = new WeakMap<Snapshot, Snapshot>();
  const resources = new WeakMap<Resource, Resource>();
  return snapshot => {
    let made = snapshots.get(snapshot);
    if (made === undefined) {
      made = overlayTokenState(schema, snapshot, overlay, resources);
      snapshots.set(snapshot, made);
      if (issuer !== undefined) tellStrangeIssuers(snapshot, issuer, log);
    }
    return made;
  };
}

/** Snapshots of which it was told. */
const TOLD = new WeakSet<Snapshot>();

function tellStrangeIssuers(snapshot: Snapshot, issuer: string, log: Logger): void {
  const chains = strangeIssuers(snapshot, issuer);
  if (TOLD.has(snapshot) || chains.length === 0) return;
  TOLD.add(snapshot);
  log.error(
    { event: 'tokens.other_issuer', group: snapshot.nodeGroup, chains },
    `a jwt_provider has the keys of the token service and another issuer than ${issuer}: all tokens are refused there`,
  );
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
