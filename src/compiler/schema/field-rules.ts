import type { DescField, DescMessage, Registry } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import type { DocumentPath } from '../../resources/diagnostic.ts';
import { ANY, fieldValue } from './message-parts.ts';
import { pathTail } from './path-tail.ts';
import type { PlainMessage } from './plain-message.ts';
import type { Schema } from './registry.ts';
import {
  isDisabled,
  isRequiredOneof,
  isTrue,
  nanoseconds,
  nestedRules,
  rulesOfField,
  typedRules,
  type RuleSet,
  type RuleValue,
} from './rule-set.ts';
import { compileValueRules, type ValueTest } from './value-rules.ts';
import type { Issue, ResourceVisitor, WalkNode } from './visitor.ts';

type Report = (parts: DocumentPath, problem: string) => void;
type FieldCheck = (message: PlainMessage, report: Report) => void;

/** The field rules (protoc-gen-validate, `validate.rules`) of one message type, compiled. */
export interface CompiledMessage {
  readonly checks: readonly FieldCheck[];
  /** Fields whose content is exempt (`message.skip`). */
  readonly skippedFields: ReadonlySet<DescField>;
  /** Rules that are written but not checked, e.g. `string.email`. */
  readonly unsupported: readonly string[];
}

const memo = new WeakMap<DescMessage, CompiledMessage>();

/** Compiles the field rules of a message type on first use; fields of nested messages are their own. */
export function fieldRulesOf(schema: Schema, desc: DescMessage): CompiledMessage {
  const known = memo.get(desc);
  if (known !== undefined) return known;
  const compiled = compileMessage(schema.registry, desc);
  memo.set(desc, compiled);
  return compiled;
}

/**
 * Reports every field rule that a message violates (AP1201). Envoy checks the same rules when it receives the
 * resource, but its message names neither file nor line.
 */
export function fieldRuleVisitor(schema: Schema, report: (issue: Issue) => void): ResourceVisitor {
  const exempt = new WeakSet<WalkNode>();
  return {
    enter: node => {
      if (isExempt(schema, node, exempt)) {
        exempt.add(node);
        return;
      }
      for (const check of fieldRulesOf(schema, node.desc).checks) {
        check(node.message, (parts, problem) => {
          const path = [...node.path, ...parts];
          const message = `"${pathTail(path)}" ${problem} (${node.typeName})`;
          report({ code: 'AP1201', severity: 'error', path, message });
        });
      }
    },
  };
}

function isExempt(schema: Schema, node: WalkNode, exempt: WeakSet<WalkNode>): boolean {
  if (node.parent === undefined || node.field === undefined) return false;
  if (exempt.has(node.parent)) return true;
  return (
    node.field.parent === node.parent.desc &&
    fieldRulesOf(schema, node.parent.desc).skippedFields.has(node.field)
  );
}

function compileMessage(registry: Registry, desc: DescMessage): CompiledMessage {
  const checks: FieldCheck[] = [];
  const skippedFields = new Set<DescField>();
  const unsupported: string[] = [];
  if (isDisabled(registry, desc)) return { checks, skippedFields, unsupported };
  for (const oneof of desc.oneofs) {
    if (!isRequiredOneof(registry, oneof)) continue;
    const names = oneof.fields.map(field => field.name).join(', ');
    checks.push((message, report) => {
      const set = message[oneof.localName] as { readonly case?: string };
      if (set.case === undefined) report([], `needs one of ${names}`);
    });
  }
  for (const field of desc.fields) {
    const rules = rulesOfField(registry, field);
    if (rules === undefined) continue;
    if (skipsContent(rules)) skippedFields.add(field);
    checks.push(...requiredCheck(field, rules), ...compileField(field, rules, unsupported));
  }
  return { checks, skippedFields, unsupported };
}

function skipsContent(rules: RuleSet): boolean {
  const inner = typedRules(rules)?.rules;
  return [rules, nestedRules(inner, 'items'), nestedRules(inner, 'values')].some(level =>
    isTrue(nestedRules(level, 'message'), 'skip'),
  );
}

/** A member of a oneof is required only as far as the oneof is: `required` there says nothing. */
function requiredCheck(field: DescField, rules: RuleSet): FieldCheck[] {
  const typed = typedRules(rules);
  const byType =
    ['any', 'duration', 'timestamp'].includes(typed?.kind ?? '') && isTrue(typed?.rules, 'required');
  if (field.oneof !== undefined || !(byType || isTrue(nestedRules(rules, 'message'), 'required'))) return [];
  return [(message, report) => message[field.localName] === undefined && report([field.name], 'is required')];
}

function compileField(field: DescField, rules: RuleSet, unsupported: string[]): FieldCheck[] {
  const typed = typedRules(rules);
  if (typed === undefined) return [];
  if (field.fieldKind === 'list') return listChecks(field, typed.rules, unsupported);
  if (field.fieldKind === 'map') return mapChecks(field, typed.rules, unsupported);
  const test = valueTest(field, rules, unsupported);
  if (test === undefined) return [];
  const read = reader(field);
  const oneofLocalName = field.oneof?.localName;
  return [
    (message, report) => {
      const value = fieldValue(message, field.localName, oneofLocalName);
      if (value === undefined) return;
      const problem = test(read(value));
      if (problem !== undefined) report([field.name], problem);
    },
  ];
}

function listChecks(
  field: DescField & { fieldKind: 'list' },
  rules: RuleSet,
  unsupported: string[],
): FieldCheck[] {
  const test = valueTest(field, nestedRules(rules, 'items'), unsupported);
  const read = reader(field);
  const sizeTest = countTest(rules, 'min_items', 'max_items', 'items');
  const unique = isTrue(rules, 'unique');
  return [
    (message, report) => {
      const items = message[field.localName] as readonly unknown[];
      const problem = sizeTest(items.length);
      if (problem !== undefined) report([field.name], problem);
      if (unique && new Set(items.map(read)).size !== items.length)
        report([field.name], 'must not repeat an item');
      if (test === undefined) return;
      for (const [index, item] of items.entries()) {
        const wrong = test(read(item));
        if (wrong !== undefined) report([field.name, index], wrong);
      }
    },
  ];
}

function mapChecks(
  field: DescField & { fieldKind: 'map' },
  rules: RuleSet,
  unsupported: string[],
): FieldCheck[] {
  const keyTest = valueTest(undefined, nestedRules(rules, 'keys'), unsupported);
  const test = valueTest(field, nestedRules(rules, 'values'), unsupported);
  const read = reader(field);
  const sizeTest = countTest(rules, 'min_pairs', 'max_pairs', 'entries');
  return [
    (message, report) => {
      const entries = Object.entries(message[field.localName] as Readonly<Record<string, unknown>>);
      const problem = sizeTest(entries.length);
      if (problem !== undefined) report([field.name], problem);
      for (const [key, value] of entries) {
        const wrong = keyTest?.(key);
        if (wrong !== undefined) report([field.name, key], `key ${wrong}`);
        const wrongValue = test?.(read(value));
        if (wrongValue !== undefined) report([field.name, key], wrongValue);
      }
    },
  ];
}

function countTest(
  rules: RuleSet,
  min: string,
  max: string,
  unit: string,
): (count: number) => string | undefined {
  const low = Number(rules.get(min) ?? 0);
  const high = Number(rules.get(max) ?? Infinity);
  const ignoreEmpty = isTrue(rules, 'ignore_empty');
  return count => {
    if (count < low && !(ignoreEmpty && count === 0))
      return low === 1 ? 'must not be empty' : `needs at least ${low} ${unit}`;
    return count > high ? `must have at most ${high} ${unit}` : undefined;
  };
}

function valueTest(
  field: DescField | undefined,
  rules: RuleSet | undefined,
  unsupported: string[],
): ValueTest | undefined {
  const typed = typedRules(rules);
  if (typed === undefined) return undefined;
  const compiled = compileValueRules(typed, field?.enum);
  unsupported.push(...compiled.unsupported);
  return compiled.test;
}

/** How the value that a rule looks at is read: wrappers by their value, an Any by its type URL, times in nanoseconds. */
function reader(field: DescField): (value: unknown) => RuleValue {
  const desc = field.message;
  if (desc === undefined) return value => value as RuleValue;
  if (desc.typeName === ANY) return value => (value as { typeUrl: string }).typeUrl;
  if (isWrapperDesc(desc))
    return value =>
      (typeof value === 'object' && value !== null && 'value' in value ? value.value : value) as RuleValue;
  if (/^google\.protobuf\.(Duration|Timestamp)$/.test(desc.typeName)) {
    return value => nanoseconds(value as { seconds: bigint; nanos: number });
  }
  return value => value as RuleValue;
}
