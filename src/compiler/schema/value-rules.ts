import type { DescEnum } from '@bufbuild/protobuf';
import type { RuleSet, RuleValue, TypedRules } from './rule-set.ts';

/** Says what is wrong with a value ("must not be empty"), or nothing. */
export type ValueTest = (value: RuleValue) => string | undefined;

/** The tests of one value, and the rules that this release does not know (none in the Envoy API it ships). */
export interface CompiledRules {
  readonly test: ValueTest | undefined;
  readonly unsupported: readonly string[];
}

type Comparable = number | bigint;

/** Rules that are read together with others, or that say nothing of a single value. */
const PART_OF_OTHERS = new Set(['gt', 'gte', 'lt', 'lte', 'required', 'strict', 'ignore_empty']);

/** Turns the rules for a scalar, enum, wrapper, duration, timestamp or Any (by its type URL) into one test. */
export function compileValueRules(
  { kind, rules }: TypedRules,
  enumDesc: DescEnum | undefined,
): CompiledRules {
  const tests: ValueTest[] = [];
  const unsupported: string[] = [];
  const range = rangeTest(kind, rules);
  if (range !== undefined) tests.push(range);
  for (const [name, rule] of rules) {
    if (PART_OF_OTHERS.has(name)) continue;
    const test = RULES[name]?.(rule, rules, enumDesc);
    if (test === undefined || rule instanceof Uint8Array) unsupported.push(`${kind}.${name}`);
    else tests.push(test);
  }
  if (tests.length === 0) return { test: undefined, unsupported };
  const ignoreEmpty = rules.get('ignore_empty') === true;
  const test: ValueTest = value => {
    if (ignoreEmpty && isEmpty(value)) return undefined;
    for (const single of tests) {
      const problem = single(value);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return { test, unsupported };
}

/**
 * PGV: both bounds hold, unless the upper is below the lower one: then the value must be outside, as in
 * `QuicKeepAliveSettings` (0 s, or 1 ms at least).
 */
function rangeTest(kind: string, rules: RuleSet): ValueTest | undefined {
  const low = (rules.get('gt') ?? rules.get('gte')) as Comparable | undefined;
  const high = (rules.get('lt') ?? rules.get('lte')) as Comparable | undefined;
  if (low === undefined && high === undefined) return undefined;
  const above = (value: Comparable): boolean =>
    low === undefined || (rules.has('gt') ? value > low : value >= low);
  const below = (value: Comparable): boolean =>
    high === undefined || (rules.has('lt') ? value < high : value <= high);
  const outside = low !== undefined && high !== undefined && high < low;
  const bounds = Object.entries(BOUND_WORDS).filter(([name]) => rules.has(name));
  const words = bounds.map(([name, word]) => `${word} ${showBound(kind, rules.get(name) as Comparable)}`);
  const problem = `must be ${words.join(outside ? ' or ' : ' and ')}`;
  return raw => {
    const value = raw as Comparable;
    return (outside ? above(value) || below(value) : above(value) && below(value)) ? undefined : problem;
  };
}

const BOUND_WORDS = { gt: 'greater than', gte: 'at least', lt: 'less than', lte: 'at most' };

function showBound(kind: string, bound: Comparable): string {
  return kind === 'duration' ? `${Number(bound) / 1e9}s` : String(bound);
}

type RuleCompiler = (
  rule: RuleValue,
  rules: RuleSet,
  enumDesc: DescEnum | undefined,
) => ValueTest | undefined;

function when(fails: (value: RuleValue) => boolean, problem: string): ValueTest {
  return value => (fails(value) ? problem : undefined);
}

function onText(holds: (value: string) => boolean, problem: string): ValueTest {
  return when(value => typeof value !== 'string' || !holds(value), problem);
}

/** Two UTF-16 units that are one code point. */
const SURROGATE_PAIR = /[\ud800-\udbff][\udc00-\udfff]/g;

const RULES: Readonly<Record<string, RuleCompiler>> = {
  const: rule => when(value => value !== rule, `must be ${show(rule)}`),
  in: rule => when(value => !contains(rule, value), `must be one of ${show(rule)}`),
  not_in: rule => when(value => contains(rule, value), `must not be one of ${show(rule)}`),
  len: rule => when(value => lengthOf(value) !== Number(rule), `must have the length ${show(rule)}`),
  min_len: rule => when(value => lengthOf(value) < Number(rule), atLeast(rule, 'characters')),
  max_len: rule =>
    when(value => lengthOf(value) > Number(rule), `must have at most ${show(rule)} characters`),
  len_bytes: rule => when(value => bytesOf(value) !== Number(rule), `must have ${show(rule)} bytes`),
  min_bytes: rule => when(value => bytesOf(value) < Number(rule), atLeast(rule, 'bytes')),
  max_bytes: rule => when(value => bytesOf(value) > Number(rule), `must have at most ${show(rule)} bytes`),
  prefix: rule => onText(value => value.startsWith(textOf(rule)), `must begin with ${show(rule)}`),
  suffix: rule => onText(value => value.endsWith(textOf(rule)), `must end with ${show(rule)}`),
  contains: rule => onText(value => value.includes(textOf(rule)), `must contain ${show(rule)}`),
  not_contains: rule => onText(value => !value.includes(textOf(rule)), `must not contain ${show(rule)}`),
  pattern: rule => {
    const pattern = new RegExp(textOf(rule), 'u');
    return onText(value => pattern.test(value), `must match ${textOf(rule)}`);
  },
  uri: rule => (rule === true ? onText(value => URL.canParse(value), 'must be an absolute URI') : undefined),
  uri_ref: rule =>
    rule === true ? onText(value => URL.canParse(value, 'http://host/'), 'must be a URI') : undefined,
  defined_only: (rule, _rules, enumDesc) => {
    const defined = new Set<RuleValue>(enumDesc?.values.map(value => value.number));
    return when(value => rule === true && !defined.has(value), 'is a number that the enum does not define');
  },
  well_known_regex: (rule, rules) => headerTest(rule, rules.get('strict') !== false),
};

/** The regular expressions of protoc-gen-validate for header names (1) and values (2). */
function headerTest(rule: RuleValue, strict: boolean): ValueTest | undefined {
  if (rule !== 1 && rule !== 2) return undefined;
  const what = rule === 1 ? 'must be a valid HTTP header name' : 'must be a valid HTTP header value';
  if (!strict) return onText(value => /^[^\u0000\n\r]*$/.test(value), what);
  if (rule === 1) return onText(value => /^:?[0-9a-zA-Z!#$%&'*+\-.,^_|~`]+$/.test(value), what);
  return onText(value => /^[^\u0000-\u0008\n-\u001f\u007f]*$/.test(value), what);
}

function contains(list: RuleValue, value: RuleValue): boolean {
  return Array.isArray(list) && list.includes(value);
}

/** Characters of a text as code points (runes in PGV), or bytes. */
function lengthOf(value: RuleValue): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'string') return 0;
  return value.length - (value.match(SURROGATE_PAIR)?.length ?? 0);
}

function bytesOf(value: RuleValue): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : lengthOf(value);
}

function atLeast(rule: RuleValue, unit: string): string {
  return Number(rule) === 1 ? 'must not be empty' : `must have at least ${show(rule)} ${unit}`;
}

function textOf(rule: RuleValue): string {
  return typeof rule === 'string' ? rule : '';
}

function isEmpty(value: RuleValue): boolean {
  return value === '' || value === 0 || value === 0n || (value instanceof Uint8Array && value.length === 0);
}

function show(rule: RuleValue): string {
  if (Array.isArray(rule)) return rule.map(show).join(', ');
  if (typeof rule === 'string') return JSON.stringify(rule);
  return typeof rule === 'object' ? '' : String(rule);
}
