import type { ChainContext } from './chain-context.ts';
import { httpFilter, NO_PART, type ChainPart, type NestedFilter } from './nested-filter.ts';

/** Removes request headers that only the inside may set. First in every chain, and alone in the slot of public routes. */
export function removeHeadersFilter(prefix: string, internalHeaders: readonly string[]): NestedFilter {
  return httpFilter(`${prefix}/remove-headers`, 'header_mutation.v3.HeaderMutation', {
    mutations: { request_mutations: internalHeaders.map(name => ({ remove: name })) },
  });
}

/** Sets request headers once the request was let in. */
export function setHeadersFilter({ chain: { spec } }: ChainContext): ChainPart {
  if (spec.setHeaders.length === 0) return NO_PART;
  const mutations = spec.setHeaders.map(({ name, value }) => ({
    append: { header: { key: name, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
  }));
  const filter = httpFilter(`${spec.name}/set-headers`, 'header_mutation.v3.HeaderMutation', {
    mutations: { request_mutations: mutations },
  });
  return { filters: [filter], diagnostics: [] };
}
