import type { JsonObject } from '@bufbuild/protobuf';
import { METADATA_NAMESPACE } from './auth-names.ts';
import { httpFilter, type NestedFilter } from './nested-filter.ts';

/** A value that the route of the request, or a filter before, has left under the namespace of the guard. */
export function guardMetadata(
  key: 'chain' | 'public',
  value: JsonObject,
  source: 'ROUTE' | 'DYNAMIC',
): JsonObject {
  const matcher = { filter: METADATA_NAMESPACE, path: [{ key }], value };
  return { sourced_metadata: { metadata_matcher: matcher, metadata_source: source } };
}

/**
 * Last in every chain. The first refuses requests whose route names another chain, whatever brought them here; the second tells the guard that
 * the request has passed. So a mark always is that of the chain which the route names.
 */
export function markFilters(chain: string): readonly NestedFilter[] {
  const isNamed = guardMetadata('chain', { string_match: { exact: chain } }, 'ROUTE');
  return [
    httpFilter(`${chain}/route`, 'rbac.v3.RBAC', {
      rules: {
        action: 'ALLOW',
        policies: { 'route-names-chain': { permissions: [isNamed], principals: [{ any: true }] } },
      },
      rules_stat_prefix: `${chain}_route_`,
    }),
    httpFilter(`${chain}/mark`, 'set_metadata.v3.Config', {
      metadata: [{ metadata_namespace: METADATA_NAMESPACE, value: { chain }, allow_overwrite: true }],
    }),
  ];
}
