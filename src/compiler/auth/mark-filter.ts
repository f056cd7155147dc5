import { METADATA_NAMESPACE } from './auth-names.ts';
import { httpFilter, type NestedFilter } from './nested-filter.ts';

/** Last in every chain: tells the guard that the request has passed it. */
export function markFilter(chain: string): NestedFilter {
  return httpFilter(`${chain}/mark`, 'set_metadata.v3.Config', {
    metadata: [{ metadata_namespace: METADATA_NAMESPACE, value: { chain }, allow_overwrite: true }],
  });
}
