import type { Asset } from '../../resources/source-tree.ts';
import type { EdgeRevocations } from '../../tokens/edge-revocations.ts';

/** Under this name the key set of authplane's own token service stands among the assets; no path or URL is like it. */
export const TOKEN_SERVICE_KEYS = 'authplane:token-service/jwks';

/** What that service has revoked: `EdgeRevocations` in JSON. */
export const TOKEN_SERVICE_REVOCATIONS = 'authplane:token-service/revocations';

const NONE: EdgeRevocations = { entries: [], issuedBefore: undefined };

/** What the token service has revoked; nothing while there is none. */
export function readRevocations(assets: ReadonlyMap<string, Asset>): EdgeRevocations {
  const asset = assets.get(TOKEN_SERVICE_REVOCATIONS);
  // Written by authplane itself.
  return asset?.kind === 'read'
    ? (JSON.parse(new TextDecoder().decode(asset.bytes)) as EdgeRevocations)
    : NONE;
}
