import type { Asset } from '../resources/source-tree.ts';

const FAILURES = {
  missing: 'does not exist',
  unreadable: 'cannot be read',
  'too-large': 'is too large',
  'not-a-file': 'is not a file',
} as const satisfies Record<Extract<Asset, { kind: 'failed' }>['reason'], string>;

/** Why a file that is named cannot be used: `does not exist`. A file that nobody looked for counts as missing. */
export function assetFailure(asset: Extract<Asset, { kind: 'failed' }> | undefined): string {
  return FAILURES[asset?.reason ?? 'missing'];
}
