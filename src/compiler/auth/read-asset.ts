import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';
import type { Asset } from '../../resources/source-tree.ts';
import { assetFailure } from '../asset-failure.ts';
import { diagnosticAt } from '../resource-group.ts';

/** The text of a file that an auth entry names, or why there is none (AP1903). */
export function readTextAsset(
  assets: ReadonlyMap<string, Asset>,
  path: string,
  place: Origin,
): { readonly text: string } | { readonly text: undefined; readonly diagnostic: Diagnostic } {
  const asset = assets.get(path);
  if (asset?.kind === 'read') return { text: new TextDecoder().decode(asset.bytes) };
  const message = `file "${path}" ${assetFailure(asset)}`;
  return { text: undefined, diagnostic: diagnosticAt(place, undefined, { code: 'AP1903', message }) };
}
