import { isReflectList, isReflectMessage, reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import type { DescField, DescMessage, DescOneof, Message, Registry } from '@bufbuild/protobuf';
import { getOption, hasOption } from '@bufbuild/protobuf';

/** The value of a rule: durations and timestamps are nanoseconds. */
export type RuleValue = string | number | bigint | boolean | Uint8Array | readonly RuleValue[] | RuleSet;

/** The rules that are really written (proto2 presence: `const: false` and `gte: 0` count), by their proto name. */
export type RuleSet = ReadonlyMap<string, RuleValue>;

/** The kind of a rule set and its rules: `string` with `min_len` ... */
export interface TypedRules {
  readonly kind: string;
  readonly rules: RuleSet;
}

/** `(validate.rules)` of a field; undefined when it has none. */
export function rulesOfField(registry: Registry, field: DescField): RuleSet | undefined {
  const extension = registry.getExtension('validate.rules');
  if (extension === undefined || !hasOption(field, extension)) return undefined;
  return ruleSet(registry, getOption(field, extension) as Message);
}

/** `(validate.required)`: one member of the oneof must be set. */
export function isRequiredOneof(registry: Registry, oneof: DescOneof): boolean {
  const extension = registry.getExtension('validate.required');
  return extension !== undefined && hasOption(oneof, extension) && getOption(oneof, extension) === true;
}

/** `(validate.disabled)`: no rule of the message applies. */
export function isDisabled(registry: Registry, desc: DescMessage): boolean {
  const extension = registry.getExtension('validate.disabled');
  return extension !== undefined && hasOption(desc, extension) && getOption(desc, extension) === true;
}

/** The rules for the type of a value (all but `message`); undefined when there are none. */
export function typedRules(rules: RuleSet | undefined): TypedRules | undefined {
  for (const [kind, value] of rules ?? [])
    if (kind !== 'message' && isRuleSet(value)) return { kind, rules: value };
  return undefined;
}

/** A rule set inside another, such as `items`. */
export function nestedRules(rules: RuleSet | undefined, name: string): RuleSet | undefined {
  const value = rules?.get(name);
  return isRuleSet(value) ? value : undefined;
}

/** True when a boolean rule is written and true. */
export function isTrue(rules: RuleSet | undefined, name: string): boolean {
  return rules?.get(name) === true;
}

/** Seconds and nanoseconds as nanoseconds. */
export function nanoseconds(value: { readonly seconds: bigint; readonly nanos: number }): bigint {
  return value.seconds * 1_000_000_000n + BigInt(value.nanos);
}

function isRuleSet(value: RuleValue | undefined): value is RuleSet {
  return value instanceof Map;
}

function ruleSet(registry: Registry, message: Message): RuleSet {
  const desc = registry.getMessage(message.$typeName);
  if (desc === undefined) return new Map();
  const reflected = reflect(desc, message);
  const set = reflected.fields.filter(field => reflected.isSet(field));
  return new Map(set.map(field => [field.name, ruleValue(registry, reflected.get(field))]));
}

function ruleValue(registry: Registry, value: unknown): RuleValue {
  if (isReflectList(value)) return [...value].map(item => ruleValue(registry, item));
  if (isReflectMessage(value)) return messageValue(registry, value);
  return value as RuleValue;
}

function messageValue(registry: Registry, value: ReflectMessage): RuleValue {
  const { message } = value;
  return 'seconds' in message && 'nanos' in message
    ? nanoseconds(message as unknown as { seconds: bigint; nanos: number })
    : ruleSet(registry, message);
}
