import {
  getOption,
  hasOption,
  ScalarType,
  type DescField,
  type DescMessage,
  type JsonValue,
} from '@bufbuild/protobuf';
import { resourceJson, type JsonRecord } from '../compiler/resource-json.ts';
import type { Schema } from '../compiler/schema/registry.ts';
import type { Resource } from '../resources/resource.ts';
import { messageNameOf } from '../resources/type-url.ts';

const REDACTED = '[redacted]';
/** What says where a secret is rather than what it is. */
const PLACES = new Set(['filename', 'environment_variable', 'path', '@type']);

/** A resource in proto3 JSON without keys, passwords and the like: fields that Envoy's API marks as sensitive, and private keys anywhere. */
export function redactedResourceJson(schema: Schema, resource: Resource): JsonRecord {
  const desc = schema.registry.getMessage(messageNameOf(resource.typeUrl));
  const json = resourceJson(schema, resource);
  return desc === undefined ? json : redactMessage(schema, desc, json);
}

function redactMessage(schema: Schema, desc: DescMessage, json: JsonRecord): JsonRecord {
  const typeUrl = json['@type'];
  const actual = typeof typeUrl === 'string' ? schema.registry.getMessage(messageNameOf(typeUrl)) : desc;
  if (actual === undefined) return json;
  const fields = new Map(actual.fields.map(field => [field.name, field]));
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      const field = fields.get(name);
      return [name, field === undefined ? redactText(value) : redactField(schema, field, value)];
    }),
  );
}

function redactField(schema: Schema, field: DescField, value: JsonValue): JsonValue {
  if (isSensitive(schema, field)) return redactAll(value);
  if (field.message === undefined) return redactText(value);
  const { message } = field;
  if (field.fieldKind === 'map' && isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, redactItem(schema, message, entry)]),
    );
  }
  return Array.isArray(value) && field.fieldKind === 'list'
    ? value.map(item => redactItem(schema, message, item))
    : redactItem(schema, message, value);
}

function redactItem(schema: Schema, message: DescMessage, value: JsonValue): JsonValue {
  return isRecord(value) ? redactMessage(schema, message, value) : redactText(value);
}

function isSensitive(schema: Schema, field: DescField): boolean {
  const extension = schema.registry.getExtension('udpa.annotations.sensitive');
  return (
    extension?.fieldKind === 'scalar' &&
    extension.scalar === ScalarType.BOOL &&
    hasOption(field, extension) &&
    getOption(field, extension) === true
  );
}

function redactAll(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(redactAll);
  if (!isRecord(value)) return REDACTED;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key,
      PLACES.has(key) && typeof entry === 'string' ? entry : redactAll(entry),
    ]),
  );
}

/** Private keys where the API does not expect them: PEM text, and JWKS with private or symmetric members. */
function redactText(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(redactText);
  if (isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redactText(entry)]));
  }
  if (typeof value !== 'string') return value;
  const text = decodedText(value);
  const isPrivate =
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) || /"(d|k|p|q|dp|dq|qi)"\s*:\s*"/.test(text);
  return isPrivate ? REDACTED : value;
}

/** `inline_bytes` are base64 in JSON. */
function decodedText(value: string): string {
  const isBase64 = value.length > 24 && value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
  return isBase64 ? `${value}\n${Buffer.from(value, 'base64').toString('latin1')}` : value;
}

function isRecord(value: JsonValue): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
