import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';
import type { Asset } from '../../resources/source-tree.ts';
import { diagnosticAt } from '../resource-group.ts';

const FAILURES = {
  missing: 'does not exist',
  unreadable: 'cannot be read',
  'too-large': 'is too large',
  'not-a-file': 'is not a file',
} as const satisfies Record<Extract<Asset, { kind: 'failed' }>['reason'], string>;

/** The text of a file that an auth entry names, or why there is none (AP1903). */
export function readTextAsset(
  assets: ReadonlyMap<string, Asset>,
  path: string,
  place: Origin,
): { readonly text: string } | { readonly text: undefined; readonly diagnostic: Diagnostic } {
  const asset = assets.get(path);
  if (asset?.kind === 'read') return { text: new TextDecoder().decode(asset.bytes) };
  const why = FAILURES[asset?.reason ?? 'missing'];
  const message = `file "${path}" ${why}`;
  return { text: undefined, diagnostic: diagnosticAt(place, undefined, { code: 'AP1903', message }) };
}
