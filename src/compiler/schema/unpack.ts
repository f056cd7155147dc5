import { fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf';
import type { DocumentPath } from '../../resources/diagnostic.ts';
import { sortJson, sortMap } from './canonical.ts';
import type { TypedMessage } from './decoded-message.ts';
import { ANY, partsOf, valueOf, type MessagePart } from './message-parts.ts';
import { pathTail } from './path-tail.ts';
import { isPlainMessage, stringField, type PlainMessage } from './plain-message.ts';
import { messageOfTypeUrl, type Schema } from './registry.ts';
import type { Issue } from './visitor.ts';

/** Where a traversal is, without a list for every step. */
interface Place {
  readonly above: Place | undefined;
  readonly parts: DocumentPath;
}

/** What `unpack` needs beside the message. */
export interface UnpackContext {
  readonly schema: Schema;
  readonly report: (issue: Issue) => void;
  /** Filled with the content of every Any and TypedStruct. */
  readonly contents: Map<PlainMessage, TypedMessage>;
  /** Decodes what a TypedStruct holds and puts what it contains into `contents`; undefined when it does not fit. */
  readonly decodeStruct: (desc: DescMessage, value: unknown, path: DocumentPath) => PlainMessage | undefined;
}

const TYPED_STRUCTS = new Set(['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct']);

/**
 * Decodes the content of every Any once, sorts every map, and packs again what that changed. An Any without `@type`
 * is reported: protobuf-es takes `{}` for one.
 */
export function unpack(context: UnpackContext, root: TypedMessage, path: DocumentPath): void {
  unpackMessage(context, root.desc, root.message, { above: undefined, parts: path });
}

/** Returns true when the bytes of the message changed. */
function unpackMessage(
  context: UnpackContext,
  desc: DescMessage,
  message: PlainMessage,
  place: Place,
): boolean {
  let changed = false;
  for (const part of partsOf(desc)) {
    if (unpackPart(context, part, message, place)) changed = true;
  }
  if (TYPED_STRUCTS.has(desc.typeName)) unpackTypedStruct(context, message, place);
  return changed;
}

function unpackPart(context: UnpackContext, part: MessagePart, message: PlainMessage, place: Place): boolean {
  if (part.shape === 'single') {
    const value = valueOf(message, part);
    if (value === undefined) return false;
    if (part.content === 'json') return sortStruct(message, part, value);
    return unpackValue(context, part, value, { above: place, parts: [part.field.name] });
  }
  const value = message[part.localName];
  if (part.shape === 'list') {
    let changed = false;
    for (const [index, item] of (value as unknown[]).entries()) {
      if (part.content === 'json') (value as unknown[])[index] = sortJson(item);
      const inner = unpackValue(context, part, item, { above: place, parts: [part.field.name, index] });
      changed ||= inner || (value as unknown[])[index] !== item;
    }
    return changed;
  }
  return unpackMap(context, part, message, place);
}

function unpackMap(context: UnpackContext, part: MessagePart, message: PlainMessage, place: Place): boolean {
  let changed = sortMap(message, part.localName);
  if (part.content === 'leaf') return changed;
  const map = message[part.localName] as Record<string, unknown>;
  for (const [key, item] of Object.entries(map)) {
    if (part.content === 'json') {
      const sorted = sortJson(item);
      if (sorted !== item) {
        Object.defineProperty(map, key, {
          value: sorted,
          enumerable: true,
          configurable: true,
          writable: true,
        });
        changed = true;
      }
    } else if (unpackValue(context, part, item, { above: place, parts: [part.field.name, key] })) {
      changed = true;
    }
  }
  return changed;
}

function unpackValue(context: UnpackContext, part: MessagePart, value: unknown, place: Place): boolean {
  if (!isPlainMessage(value) || part.desc === undefined) return false;
  return part.content === 'any'
    ? unpackAny(context, value, place)
    : unpackMessage(context, part.desc, value, place);
}

function unpackAny(context: UnpackContext, any: PlainMessage, place: Place): boolean {
  const typeUrl = stringField(any, 'typeUrl');
  const desc = messageOfTypeUrl(context.schema, typeUrl);
  if (desc === undefined || desc.typeName === ANY) {
    const path = pathOf(place);
    const problem =
      desc === undefined ? 'has no "@type"' : 'has another Any as "@type"; name the message itself';
    context.report({ code: 'AP1103', severity: 'error', path, message: `"${pathTail(path)}" ${problem}` });
    return false;
  }
  const message: PlainMessage = fromBinary(desc, any['value'] as Uint8Array);
  context.contents.set(any, { desc, message });
  if (!unpackMessage(context, desc, message, place)) return false;
  (any as { value?: unknown }).value = toBinary(desc, message);
  return true;
}

function unpackTypedStruct(context: UnpackContext, message: PlainMessage, place: Place): void {
  const desc = messageOfTypeUrl(context.schema, stringField(message, 'typeUrl'));
  if (desc === undefined) return;
  const content = context.decodeStruct(desc, message['value'] ?? {}, [...pathOf(place), 'value']);
  if (content !== undefined) context.contents.set(message, { desc, message: content });
}

function sortStruct(message: PlainMessage, part: MessagePart, value: unknown): boolean {
  const sorted = sortJson(value);
  if (sorted === value) return false;
  const record = message as Record<string, unknown>;
  if (part.oneofLocalName === undefined) record[part.localName] = sorted;
  else record[part.oneofLocalName] = { case: part.localName, value: sorted };
  return true;
}

function pathOf(place: Place): DocumentPath {
  return place.above === undefined ? place.parts : [...pathOf(place.above), ...place.parts];
}
