import type { JsonObject } from '@bufbuild/protobuf';
import type { Diagnostic } from '../../resources/diagnostic.ts';
import { TYPE_URL_PREFIX } from '../../resources/type-url.ts';

/** A filter inside a chain, in proto3 JSON: envoy.config.core.v3.TypedExtensionConfig. */
export interface NestedFilter {
  /** `<chain>/<what it does>`: unique over all chains, because routes configure nested filters by name alone. */
  readonly name: string;
  /** With its `@type`. */
  readonly config: JsonObject;
}

/** What one part of a chain compiles to. */
export interface ChainPart {
  /** In the order in which they run. */
  readonly filters: readonly NestedFilter[];
  readonly diagnostics: readonly Diagnostic[];
  /** Configuration that every route of the chain carries, by the name of the nested filter. */
  readonly perRoute?: Readonly<Record<string, JsonObject>>;
}

/** A part that is not there. */
export const NO_PART: ChainPart = { filters: [], diagnostics: [] };

/** A message inside an Any. */
export function typed(messageName: string, fields: JsonObject = {}): JsonObject {
  return { '@type': TYPE_URL_PREFIX + messageName, ...fields };
}

/** An HTTP filter of Envoy by the short form of its message name: `jwt_authn.v3.JwtAuthentication`. */
export function httpFilter(name: string, message: string, fields: JsonObject = {}): NestedFilter {
  return { name, config: typed(`envoy.extensions.filters.http.${message}`, fields) };
}

/** The filter in the form of a TypedExtensionConfig or HttpFilter. */
export function filterJson({ name, config }: NestedFilter): JsonObject {
  return { name, typed_config: config };
}
