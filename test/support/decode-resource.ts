import { fromBinary, toJson, type JsonObject } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import type { Resource } from '../../src/resources/resource.ts';
import { testSchema } from './schema.ts';

/** The message of a resource as JSON with proto field names, decoded from the bytes that a proxy gets. */
export function decodeResource(resource: Resource): JsonObject {
  const { registry } = testSchema();
  const any = fromBinary(AnySchema, contentOf(resource.sotwFrame));
  const desc = registry.getMessage(any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1));
  if (desc === undefined) throw new Error(`unknown type ${any.typeUrl}`);
  return toJson(desc, fromBinary(desc, any.value), { registry, useProtoFieldName: true }) as JsonObject;
}

/** What stands in a length-delimited field, behind its one-byte tag and its length. */
function contentOf(frame: Uint8Array): Uint8Array {
  let offset = 1;
  while (((frame[offset] ?? 0) & 0x80) !== 0) offset++;
  return frame.subarray(offset + 1);
}
