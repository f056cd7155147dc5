import type { DescField, DescMessage, JsonObject, Registry } from '@bufbuild/protobuf';
import { scalarJsonSchema, wellKnownJsonSchema } from './json-schema-values.ts';
import type { Schema } from './registry.ts';
import { isRequiredOneof, isTrue, nestedRules, rulesOfField, typedRules } from './rule-set.ts';

/**
 * The JSON Schema (draft 2020-12) of a snapshot file, for editors: every message that it reaches is a definition under
 * its full name, with the names of the proto file. The content of an Any is not described. It is stricter than the
 * checker in form only (no camelCase, no enum numbers, no null) and knows the field rules only as far as a field is
 * required.
 */
export function snapshotFileJsonSchema(schema: Schema): JsonObject {
  const definitions = new Map<string, JsonObject>();
  const open: DescMessage[] = [schema.snapshotFile];
  for (let desc = open.pop(); desc !== undefined; desc = open.pop()) {
    if (definitions.has(desc.typeName) || wellKnownJsonSchema(desc) !== undefined) continue;
    definitions.set(desc.typeName, messageSchema(schema.registry, desc));
    for (const field of desc.fields) if (field.message !== undefined) open.push(field.message);
  }
  const sorted = [...definitions].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'authplane snapshot file',
    $ref: referenceTo(schema.snapshotFile),
    $defs: Object.fromEntries(sorted),
  };
}

function referenceTo(desc: DescMessage): string {
  return `#/$defs/${desc.typeName}`;
}

function messageSchema(registry: Registry, desc: DescMessage): JsonObject {
  const properties = Object.fromEntries(desc.fields.map(field => [field.name, fieldSchema(field)] as const));
  const required = desc.fields.filter(field => isRequired(registry, field)).map(field => field.name);
  const exclusive = desc.oneofs.filter(oneof => oneof.fields.length > 1 || isRequiredOneof(registry, oneof));
  return {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
    ...(exclusive.length > 0
      ? {
          allOf: exclusive.map(oneof =>
            exclusion(
              oneof.fields.map(field => field.name),
              isRequiredOneof(registry, oneof),
            ),
          ),
        }
      : {}),
  };
}

/** At most one of the fields, or exactly one. */
function exclusion(names: readonly string[], required: boolean): JsonObject {
  const each: JsonObject[] = names.map(name => ({ required: [name] }));
  return { oneOf: required ? each : [...each, { not: { anyOf: each } }] };
}

function fieldSchema(field: DescField): JsonObject {
  const deprecated = field.deprecated ? { deprecated: true } : {};
  if (field.fieldKind === 'list') return { type: 'array', items: valueSchema(field), ...deprecated };
  if (field.fieldKind === 'map')
    return { type: 'object', additionalProperties: valueSchema(field), ...deprecated };
  return { ...valueSchema(field), ...deprecated };
}

function valueSchema(field: DescField): JsonObject {
  if (field.enum !== undefined) return { enum: field.enum.values.map(value => value.name) };
  if (field.message !== undefined)
    return wellKnownJsonSchema(field.message) ?? { $ref: referenceTo(field.message) };
  return scalarJsonSchema(field.scalar);
}

function isRequired(registry: Registry, field: DescField): boolean {
  if (field.oneof !== undefined) return false;
  const rules = rulesOfField(registry, field);
  return isTrue(nestedRules(rules, 'message'), 'required') || isTrue(typedRules(rules)?.rules, 'required');
}
