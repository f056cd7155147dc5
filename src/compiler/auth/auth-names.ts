import type { JsonObject } from '@bufbuild/protobuf';
import { typed } from './nested-filter.ts';

/** Namespace of the metadata by which the guard knows that a request has passed the chain of its route. */
export const METADATA_NAMESPACE = 'authplane';

/** What no name of an operator's chain starts with. */
export const RESERVED_WORD = 'authplane';

/** What every name that authplane generates starts with. */
export const RESERVED_PREFIX = 'authplane/';

/** The filter that lets only marked requests reach the router. */
export const GUARD_NAME = 'authplane/guard';

/** The slot that public routes use: it removes headers that only the inside may set. */
export const PUBLIC_SLOT = 'authplane/public';

/** What the names of filters in that slot start with, as those of a chain start with its name. */
export const PUBLIC_PREFIX = 'authplane-public';

/** The listener that makes Envoy ask for the secrets of chains. */
export const HOLDER_LISTENER = 'authplane/secrets';

/** The default number of slots for chains. */
export const DEFAULT_SLOT_COUNT = 16;

/** The name of a slot, which is the name of the filter and of its ECDS resource. */
export function slotName(index: number): string {
  return `authplane/slot-${index}`;
}

/** Canonical name under which jwt_authn leaves verified tokens in the dynamic metadata. */
export const JWT_METADATA = 'envoy.filters.http.jwt_authn';

/** The key of the claims there. */
export const CLAIMS_KEY = 'claims';

/** The key there that tells which provider has verified the token. */
export function providerKey(provider: string): string {
  return `provider:${provider}`;
}

/** The one form of a config source: two forms for one name would leave the second without an answer (SotW). */
export const ADS_SOURCE: JsonObject = { ads: {}, resource_api_version: 'V3' };

/** A filter that refuses everything. */
export function denyAll(): JsonObject {
  return typed('envoy.extensions.filters.http.rbac.v3.RBAC', { rules: { action: 'ALLOW', policies: {} } });
}

/** The content of a slot: envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig. */
export function filterChain(filters: readonly JsonObject[]): JsonObject {
  return typed('envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig', {
    default_filter_chain: { filters: [...filters] },
  });
}

/** The content of a slot that no chain has. */
export function denyChain(): JsonObject {
  return filterChain([{ name: 'authplane/deny', typed_config: denyAll() }]);
}
