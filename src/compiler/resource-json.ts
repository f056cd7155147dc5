import { fromBinary, fromJson, toBinary, toJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { AuthplaneError } from '../platform/errors.ts';
import { makeResource } from '../resources/frame.ts';
import type { Reference } from '../resources/reference.ts';
import type { Resource } from '../resources/resource.ts';
import { messageNameOf } from '../resources/type-url.ts';
import type { Schema } from './schema/registry.ts';

/** A JSON object of proto field names. */
export type JsonRecord = Record<string, JsonValue>;

/**
 * A resource in canonical proto3 JSON with proto field names, without `@type`.
 * @throws AuthplaneError INTERNAL when it holds a message that the schema does not know.
 */
export function resourceJson(schema: Schema, resource: Resource): JsonRecord {
  const desc = schema.registry.getMessage(messageNameOf(resource.typeUrl));
  if (desc === undefined) throw new AuthplaneError('INTERNAL', `the schema lacks ${resource.typeUrl}`);
  const message = fromBinary(desc, resource.body);
  return toJson(desc, message, { registry: schema.registry, useProtoFieldName: true }) as JsonRecord;
}

/**
 * The resource with other content, under the same name and of the same place.
 * @throws AuthplaneError INTERNAL when the schema lacks its type.
 */
export function withContent(
  schema: Schema,
  resource: Resource,
  json: JsonObject,
  references: readonly Reference[] = resource.references,
): Resource {
  const desc = schema.registry.getMessage(messageNameOf(resource.typeUrl));
  if (desc === undefined) throw new AuthplaneError('INTERNAL', `the schema lacks ${resource.typeUrl}`);
  const { typeUrl, name, aliases, origin } = resource;
  const body = toBinary(desc, fromJson(desc, json, { registry: schema.registry }));
  return makeResource({ typeUrl, name, aliases, body, references, origin });
}
