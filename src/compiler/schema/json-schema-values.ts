import { ScalarType, type DescMessage, type JsonObject } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import { ANY } from './message-parts.ts';

const INT64: JsonObject = { type: ['integer', 'string'], pattern: '^-?[0-9]+$' };
const FLOAT: JsonObject = { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] };

/** The JSON Schema of a scalar in proto3 JSON. */
export function scalarJsonSchema(scalar: ScalarType): JsonObject {
  switch (scalar) {
    case ScalarType.BOOL:
      return { type: 'boolean' };
    case ScalarType.STRING:
      return { type: 'string' };
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' };
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return FLOAT;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: 'integer', minimum: 0, maximum: 4294967295 };
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: 'integer', minimum: -2147483648, maximum: 2147483647 };
    default:
      return INT64;
  }
}

/** The JSON Schema of a message with a JSON form of its own; undefined for any other message. */
export function wellKnownJsonSchema(desc: DescMessage): JsonObject | undefined {
  if (isWrapperDesc(desc)) return scalarJsonSchema(desc.fields[0].scalar);
  switch (desc.typeName) {
    case ANY:
      return {
        type: 'object',
        properties: {
          '@type': { type: 'string', pattern: '^type\\.googleapis\\.com/[A-Za-z_][A-Za-z0-9_.]*$' },
        },
        required: ['@type'],
      };
    case 'google.protobuf.Duration':
      return { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]{1,9})?s$' };
    case 'google.protobuf.Timestamp':
      return { type: 'string', format: 'date-time' };
    case 'google.protobuf.FieldMask':
      return { type: 'string' };
    case 'google.protobuf.Struct':
      return { type: 'object' };
    case 'google.protobuf.ListValue':
      return { type: 'array' };
    case 'google.protobuf.Value':
      return {};
    default:
      return undefined;
  }
}
