import type { JsonObject } from '@bufbuild/protobuf';
import { typed, type NestedFilter } from './nested-filter.ts';

/** A filter that runs only for requests with a header whose value fits; without it, it is passed over. */
export function onlyWithHeader(
  filter: NestedFilter,
  headerName: string,
  valueMatch: JsonObject,
): NestedFilter {
  return {
    name: filter.name,
    config: typed('envoy.extensions.common.matching.v3.ExtensionWithMatcher', {
      extension_config: { name: filter.name, typed_config: filter.config },
      xds_matcher: {
        matcher_list: {
          matchers: [
            {
              predicate: { not_matcher: { single_predicate: headerPredicate(headerName, valueMatch) } },
              on_match: {
                action: {
                  name: 'skip',
                  typed_config: typed('envoy.extensions.filters.common.matcher.action.v3.SkipFilter'),
                },
              },
            },
          ],
        },
      },
    }),
  };
}

/** An absent header fits nothing. */
function headerPredicate(headerName: string, valueMatch: JsonObject): JsonObject {
  return {
    input: {
      name: 'header',
      typed_config: typed('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { header_name: headerName }),
    },
    value_match: valueMatch,
  };
}
