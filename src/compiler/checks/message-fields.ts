import type { DescField } from '@bufbuild/protobuf';
import { isPlainMessage, oneofMember, type PlainMessage } from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';

/** The value of a field by its lowerCamelCase name, also of a member of a oneof; undefined when it is not set. */
export function fieldValue(node: WalkNode, localName: string): unknown {
  const field = fieldOf(node, localName);
  return field === undefined ? undefined : valueOfField(node.message, field);
}

/** The descriptor of a field by its lowerCamelCase name. */
export function fieldOf(node: WalkNode, localName: string): DescField | undefined {
  return node.desc.field[localName];
}

function valueOfField(message: PlainMessage, field: DescField): unknown {
  if (field.oneof === undefined) return message[field.localName];
  const member = oneofMember(message, field.oneof.localName);
  return member?.case === field.localName ? member.value : undefined;
}

/** The value of a DataSource's `inline_string` or `inline_bytes`; undefined for a file or variable of the node. */
export function inlineBytes(dataSource: PlainMessage | undefined): Uint8Array | undefined {
  const member = dataSource === undefined ? undefined : oneofMember(dataSource, 'specifier');
  if (member?.case === 'inlineString') {
    return typeof member.value === 'string' ? new TextEncoder().encode(member.value) : undefined;
  }
  return member?.case === 'inlineBytes' && member.value instanceof Uint8Array ? member.value : undefined;
}

/** The nearest ancestor of the type, the node itself not included. */
export function ancestorOf(node: WalkNode, typeName: string): WalkNode | undefined {
  let at = node.parent;
  while (at !== undefined && at.typeName !== typeName) at = at.parent;
  return at;
}

/** Canonical text of a message: equal for equal messages. */
export function fingerprint(message: PlainMessage): string {
  return JSON.stringify(message, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** Seconds of a google.protobuf.Duration, or undefined. */
export function durationSeconds(value: unknown): number | undefined {
  if (!isPlainMessage(value) || value.$typeName !== 'google.protobuf.Duration') return undefined;
  const { seconds, nanos } = value as PlainMessage & { readonly seconds?: unknown; readonly nanos?: unknown };
  return Number(seconds ?? 0) + Number(nanos ?? 0) / 1e9;
}
