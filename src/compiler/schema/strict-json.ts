import { fromJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import type { DocumentPath } from '../../resources/diagnostic.ts';
import type { DecodedMessage, TypedMessage } from './decoded-message.ts';
import { DURATION, locateProblems } from './locate-problems.ts';
import type { PlainMessage } from './plain-message.ts';
import type { Schema } from './registry.ts';
import { unpack } from './unpack.ts';
import type { Issue } from './visitor.ts';

/** A message, or every reason why the JSON is none. */
export type StrictResult =
  | { readonly kind: 'decoded'; readonly decoded: DecodedMessage }
  | { readonly kind: 'failed'; readonly issues: readonly Issue[] };

/**
 * Decodes proto3 JSON (ProtoJSON, with snake_case or camelCase names) and refuses everything that is not exactly
 * that: unknown fields at any depth, also inside Anys and TypedStructs of known type.
 */
export function decodeStrict(
  schema: Schema,
  desc: DescMessage,
  json: JsonValue,
  path: DocumentPath,
): StrictResult {
  const contents = new Map<PlainMessage, TypedMessage>();
  const issues: Issue[] = [];
  const message = decodeInto(schema, desc, json, path, contents, issues);
  if (message === undefined || issues.length > 0) return { kind: 'failed', issues };
  return { kind: 'decoded', decoded: { desc, message, contents } };
}

function decodeInto(
  schema: Schema,
  desc: DescMessage,
  json: JsonValue,
  path: DocumentPath,
  contents: Map<PlainMessage, TypedMessage>,
  issues: Issue[],
): PlainMessage | undefined {
  let message: PlainMessage;
  try {
    message = fromJson(desc, json, { registry: schema.registry });
  } catch {
    issues.push(...reasons(schema, desc, json, path));
    return undefined;
  }
  if (hasLooseDuration(json)) {
    const located = locateProblems(schema, desc, json, path);
    issues.push(...located);
    if (located.length > 0) return undefined;
  }
  const decodeStruct = (inner: DescMessage, value: unknown, at: DocumentPath): PlainMessage | undefined =>
    decodeInto(schema, inner, value as JsonValue, at, contents, issues);
  unpack({ schema, report: issue => issues.push(issue), contents, decodeStruct }, { desc, message }, path);
  return message;
}

/** All problems, and never none: what the locator cannot name is said of the whole message. */
function reasons(schema: Schema, desc: DescMessage, json: JsonValue, path: DocumentPath): readonly Issue[] {
  const located = locateProblems(schema, desc, json, path);
  if (located.length > 0) return located;
  return [{ code: 'AP1102', severity: 'error', path, message: `the value does not fit ${desc.typeName}` }];
}

/** protobuf-es 2.17 ignores what follows the `s` of a duration: "5sec" would pass for 5 s. */
function hasLooseDuration(json: JsonValue): boolean {
  if (typeof json === 'string') return looksLikeDuration(json) && !DURATION.test(json);
  if (typeof json !== 'object' || json === null) return false;
  return Array.isArray(json) ? json.some(hasLooseDuration) : Object.values(json).some(hasLooseDuration);
}

function looksLikeDuration(text: string): boolean {
  const first = text.charCodeAt(0);
  const digit = (first >= 0x30 && first <= 0x39) || first === 0x2d;
  return digit && /^-?\d+(\.\d+)?s/.test(text);
}
