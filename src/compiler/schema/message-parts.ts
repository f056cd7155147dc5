import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { PlainMessage } from './plain-message.ts';

export const ANY = 'google.protobuf.Any';
const STRUCT = 'google.protobuf.Struct';
const VALUE = 'google.protobuf.Value';
const LIST_VALUE = 'google.protobuf.ListValue';

/**
 * What stands in a part: `message` a message with parts of its own, `any` an Any, `json` a Struct held as a plain
 * JSON object, `leaf` anything without parts (only maps of it are parts, for their order).
 */
type PartContent = 'message' | 'any' | 'json' | 'leaf';

/** A field that a traversal must look at. */
export interface MessagePart {
  readonly field: DescField;
  readonly shape: 'single' | 'list' | 'map';
  readonly content: PartContent;
  /** The message in it; undefined for leaves. */
  readonly desc: DescMessage | undefined;
  /** How protobuf-es names the property. */
  readonly localName: string;
  /** The property of the oneof that the field belongs to. */
  readonly oneofLocalName: string | undefined;
}

const memo = new WeakMap<DescMessage, readonly MessagePart[]>();

/** The fields of a message that hold messages, Structs or maps, in the order of the proto file. */
export function partsOf(desc: DescMessage): readonly MessagePart[] {
  const known = memo.get(desc);
  if (known !== undefined) return known;
  const parts = desc.fields.flatMap(partOf);
  memo.set(desc, parts);
  return parts;
}

/** True for messages that a traversal does not enter as nodes: Any, Struct, Duration, wrappers and the like. */
export function isWellKnown(desc: DescMessage): boolean {
  return desc.typeName.startsWith('google.protobuf.');
}

/** The value of a part in a message; undefined when it is not set (lists and maps are then empty, not undefined). */
export function valueOf(message: PlainMessage, part: MessagePart): unknown {
  return fieldValue(message, part.localName, part.oneofLocalName);
}

/** The value of a field by its property and the property of its oneof, if it has one. */
export function fieldValue(
  message: PlainMessage,
  localName: string,
  oneofLocalName: string | undefined,
): unknown {
  if (oneofLocalName === undefined) return message[localName];
  const oneof = message[oneofLocalName] as { case: string | undefined; value?: unknown };
  return oneof.case === localName ? oneof.value : undefined;
}

function partOf(field: DescField): MessagePart[] {
  const shape = field.fieldKind === 'list' ? 'list' : field.fieldKind === 'map' ? 'map' : 'single';
  const desc =
    field.fieldKind === 'message' || field.fieldKind === 'list' || field.fieldKind === 'map'
      ? field.message
      : undefined;
  const content = desc === undefined ? 'leaf' : contentOf(field, desc);
  if (content === 'leaf' && shape !== 'map') return [];
  return [
    { field, shape, content, desc, localName: field.localName, oneofLocalName: field.oneof?.localName },
  ];
}

function contentOf(field: DescField, desc: DescMessage): PartContent {
  switch (desc.typeName) {
    case ANY:
      return 'any';
    case STRUCT:
      return field.parent.typeName === VALUE ? 'message' : 'json';
    case VALUE:
    case LIST_VALUE:
      return 'message';
    default:
      return isWellKnown(desc) ? 'leaf' : 'message';
  }
}
