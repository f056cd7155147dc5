import type { TypeUrl } from '../resources/type-url.ts';
import type { Load } from './load.ts';
import type { AcceptedFile } from './store-state.ts';

/** A type of which a load takes away suspiciously much. */
interface ShrunkType {
  readonly typeUrl: TypeUrl;
  /** Number of resources in the files accepted last. */
  readonly before: number;
  readonly after: number;
}

/** Why a load looks like an accident (an unmounted disk, a half-finished copy). */
export type Shrink =
  /** The directory has no snapshot file at all; `before` had some. */
  | { readonly kind: 'empty'; readonly filesBefore: number }
  | { readonly kind: 'types'; readonly types: readonly ShrunkType[] };

/** More than so many resources of a type, and more than this share of them, must go for a load to be refused. */
const MIN_REMOVED = 10;
const MIN_REMOVED_SHARE = 0.3;

/**
 * Compares a load with the files accepted last, by type over all files. A file that is broken now counts as it
 * was, so that a YAML error is not a shrink. Undefined when nothing is suspicious.
 */
export function shrinkOf(accepted: ReadonlyMap<string, AcceptedFile>, load: Load): Shrink | undefined {
  if (accepted.size === 0) return undefined;
  if (load.files.length === 0 && load.refused.length === 0)
    return { kind: 'empty', filesBefore: accepted.size };
  const before = new Map<TypeUrl, number>();
  for (const file of accepted.values()) add(before, file.resourceCounts);
  const after = new Map<TypeUrl, number>();
  const refused = new Set(load.refused.map(diagnostic => diagnostic.file));
  for (const file of load.files) {
    if (file.ok && !refused.has(file.path)) add(after, file.resourceCounts);
    else refused.add(file.path);
  }
  for (const path of refused) add(after, accepted.get(path)?.resourceCounts ?? new Map());
  const types: ShrunkType[] = [];
  for (const [typeUrl, count] of before) {
    const left = after.get(typeUrl) ?? 0;
    const removed = count - left;
    if (removed > MIN_REMOVED && removed > count * MIN_REMOVED_SHARE) {
      types.push({ typeUrl, before: count, after: left });
    }
  }
  return types.length === 0
    ? undefined
    : { kind: 'types', types: types.sort((a, b) => (a.typeUrl < b.typeUrl ? -1 : 1)) };
}

function add(totals: Map<TypeUrl, number>, counts: ReadonlyMap<TypeUrl, number>): void {
  for (const [typeUrl, count] of counts) totals.set(typeUrl, (totals.get(typeUrl) ?? 0) + count);
}
