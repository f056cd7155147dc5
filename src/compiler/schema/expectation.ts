import {
  ScalarType,
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonValue,
} from '@bufbuild/protobuf';
import { nearName } from './near-name.ts';

/** Forms of the well-known types in proto3 JSON, in words. */
const WELL_KNOWN_FORMS: Readonly<Record<string, string>> = {
  'google.protobuf.Duration': 'a duration in seconds such as "5s" or "0.25s"',
  'google.protobuf.Timestamp': 'a time such as "2026-01-31T12:00:00Z"',
  'google.protobuf.FieldMask': 'a list of camelCase paths in one text such as "a,b.c"',
  'google.protobuf.Struct': 'a mapping',
  'google.protobuf.ListValue': 'a list',
  'google.protobuf.Any': 'a mapping with "@type"',
  'google.protobuf.BoolValue': 'true or false',
  'google.protobuf.StringValue': 'a text',
  'google.protobuf.BytesValue': 'bytes in base64',
  'google.protobuf.Int32Value': 'an integer from -2147483648 to 2147483647',
  'google.protobuf.UInt32Value': 'an integer from 0 to 4294967295',
  'google.protobuf.Int64Value': 'an integer of 64 bits',
  'google.protobuf.UInt64Value': 'an integer of 64 bits, not negative',
  'google.protobuf.FloatValue': 'a number',
  'google.protobuf.DoubleValue': 'a number',
};

/** What a single value of a field must look like, in words. */
export function expectedForm(field: DescField): string {
  if (field.enum !== undefined) return `one of ${enumNames(field.enum)}`;
  return field.message === undefined ? scalarForm(field.scalar) : messageForm(field.message);
}

/** What the JSON of a message must look like, in words. */
export function messageForm(desc: DescMessage): string {
  return WELL_KNOWN_FORMS[desc.typeName] ?? `a mapping (${desc.typeName})`;
}

/**
 * What stands there instead. Only kinds, and names of enum values: the value itself may be a secret in the
 * wrong place.
 */
export function actualForm(field: DescField | undefined, json: JsonValue): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'a list';
  switch (typeof json) {
    case 'object':
      return 'a mapping';
    case 'boolean':
      return 'a boolean';
    case 'number':
      return describeNumber(json);
    default:
      return describeText(field, json);
  }
}

function describeNumber(value: number): string {
  if (!Number.isFinite(value)) return 'a number that is not finite';
  if (!Number.isInteger(value)) return 'a number with a fraction';
  return value < 0 ? 'a negative number' : `a number${value > 0x7fffffff ? ' that large' : ''}`;
}

function describeText(field: DescField | undefined, text: string): string {
  if (field?.enum === undefined) return text === '' ? 'an empty text' : 'a text of another form';
  const near = nearName(
    text,
    field.enum.values.map(value => value.name),
  );
  return `"${text.slice(0, 80)}"${near === undefined ? '' : `, did you mean ${near}?`}`;
}

function enumNames(desc: DescEnum): string {
  const names = desc.values.map(value => value.name);
  return names.length <= 12 ? names.join(', ') : `${names.slice(0, 12).join(', ')} ... (${desc.typeName})`;
}

function scalarForm(scalar: ScalarType | undefined): string {
  switch (scalar) {
    case ScalarType.BOOL:
      return 'true or false';
    case ScalarType.STRING:
      return 'a text';
    case ScalarType.BYTES:
      return 'bytes in base64';
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return 'an integer from 0 to 4294967295';
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return 'an integer from -2147483648 to 2147483647';
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return 'an integer of 64 bits, not negative';
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return 'an integer of 64 bits';
    default:
      return 'a number';
  }
}
