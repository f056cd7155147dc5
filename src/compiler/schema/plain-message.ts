/**
 * A message as protobuf-es holds it, for code that knows the proto file and not the generated type. Keys are
 * lowerCamelCase (`connectTimeout`). Singular wrapper fields outside a oneof are the bare value or undefined; a Struct
 * in a field is a plain JSON object; 64-bit integers are bigint; a oneof is `{ case, value }` under the oneof's name.
 */
export interface PlainMessage {
  readonly $typeName: string;
  readonly [field: string]: unknown;
}

/** The member of a oneof that is set. */
export interface OneofMember {
  /** The lowerCamelCase name of the field. */
  readonly case: string;
  readonly value: unknown;
}

/** True for a message, as opposed to a scalar, a list, a map or a Struct's plain object. */
export function isPlainMessage(value: unknown): value is PlainMessage {
  return typeof value === 'object' && value !== null && '$typeName' in value;
}

/** The message in a singular field outside a oneof; undefined when it is not set. */
export function messageField(message: PlainMessage, field: string): PlainMessage | undefined {
  const value = message[field];
  return isPlainMessage(value) ? value : undefined;
}

/** The messages of a repeated field; empty for anything else. */
export function messagesField(message: PlainMessage, field: string): readonly PlainMessage[] {
  const value = message[field];
  return Array.isArray(value) ? value.filter(isPlainMessage) : [];
}

/** A string field (or StringValue outside a oneof); empty when it is not set. */
export function stringField(message: PlainMessage, field: string): string {
  const value = message[field];
  return typeof value === 'string' ? value : '';
}

/** The strings of a repeated field; empty for anything else. */
export function stringsField(message: PlainMessage, field: string): readonly string[] {
  const value = message[field];
  return Array.isArray(value) ? value.filter(entry => typeof entry === 'string') : [];
}

/** A number, enum, UInt32Value or the like; undefined when it is not set (a plain proto3 scalar is then 0). */
export function numberField(message: PlainMessage, field: string): number | undefined {
  const value = message[field];
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined;
}

/** A bool or BoolValue; undefined when it is not set (a plain proto3 bool is then false). */
export function booleanField(message: PlainMessage, field: string): boolean | undefined {
  const value = message[field];
  return typeof value === 'boolean' ? value : undefined;
}

/** The entries of a map field in canonical order; empty for anything else. */
export function mapField(
  message: PlainMessage,
  field: string,
): readonly (readonly [key: string, value: unknown])[] {
  const value = message[field];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/** The member of a oneof that is set, or undefined. `oneof` is lowerCamelCase: `clusterDiscoveryType`. */
export function oneofMember(message: PlainMessage, oneof: string): OneofMember | undefined {
  const value = message[oneof];
  if (typeof value !== 'object' || value === null || !('case' in value) || typeof value.case !== 'string')
    return undefined;
  return { case: value.case, value: 'value' in value ? value.value : undefined };
}

/** The message in a member of a oneof when that member is set; undefined otherwise. */
export function oneofMessage(message: PlainMessage, oneof: string, member: string): PlainMessage | undefined {
  const set = oneofMember(message, oneof);
  return set?.case === member && isPlainMessage(set.value) ? set.value : undefined;
}

/** The string in a member of a oneof when that member is set; undefined otherwise. */
export function oneofString(message: PlainMessage, oneof: string, member: string): string | undefined {
  const set = oneofMember(message, oneof);
  return set?.case === member && typeof set.value === 'string' ? set.value : undefined;
}
