import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/** One change of a document: what, and where. */
export interface Mutation {
  readonly path: readonly (string | number)[];
  /** Undefined removes the value. */
  readonly value: JsonValue | undefined;
  readonly operator: string;
}

/** All changes of a document, in the order of the document: the same for the same document. */
export function mutationsOf(
  document: JsonValue,
  path: readonly (string | number)[] = [],
): readonly Mutation[] {
  const own = path.length < 2 ? [] : operatorsFor(document, path).map(change => ({ path, ...change }));
  return [...own, ...childrenOf(document).flatMap(([key, child]) => mutationsOf(child, [...path, key]))];
}

function childrenOf(value: JsonValue): readonly (readonly [string | number, JsonValue])[] {
  if (Array.isArray(value)) return value.map((child, index) => [index, child]);
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

type Change = Omit<Mutation, 'path'>;

function operatorsFor(value: JsonValue, path: readonly (string | number)[]): readonly Change[] {
  const removal: Change = { operator: 'remove', value: undefined };
  if (typeof value === 'string') return [removal, ...stringChanges(value, path)];
  if (typeof value === 'number') {
    return [
      removal,
      ...[-1, 0, 1, 70_000, 4_294_967_295].map(number => ({ operator: `set ${number}`, value: number })),
    ];
  }
  if (typeof value === 'boolean') return [removal, { operator: 'flip', value: !value }];
  if (Array.isArray(value)) {
    const [first] = value;
    const twice = first === undefined ? [] : [{ operator: 'repeat the first', value: [...value, first] }];
    return [removal, { operator: 'empty', value: [] }, ...twice];
  }
  return [removal, { operator: 'empty', value: {} }];
}

function stringChanges(value: string, path: readonly (string | number)[]): readonly Change[] {
  const to = (...values: (string | number)[]): readonly Change[] =>
    values.map(text => ({ operator: `set ${JSON.stringify(text)}`, value: text }));
  const key = path.at(-1);
  if (key === '@type')
    return to('', 'type.googleapis.com/envoy.config.core.v3.Node', 'type.googleapis.com/nope.Nope');
  if (/^\d+(\.\d+)?s$/.test(value)) return to('', '-1s', '0s', '0.0001s', '99999999999s');
  if (key === 'regex')
    return to(
      '',
      '(',
      '[a',
      'a**',
      'a{2}{3}',
      'a{1001}',
      '(?=x)',
      '\\1',
      '(?i)a',
      '\\A[[:alpha:]]+\\z',
      '*a',
    );
  if (key === 'address' || key === 'address_prefix') return to('', 'not-an-ip', '1.2.3.400', '::', '0.0.0.0');
  if (/^[A-Z][A-Za-z0-9]*(_[A-Z0-9]+)*$/.test(value)) return to('', 'NOPE', 0, 1, 77);
  return to('', 'no such thing', '%', '*', `${value}x`);
}

/** The document with one change. */
export function mutate(document: JsonObject, mutation: Mutation): JsonObject {
  const copy = structuredClone(document);
  const parent = mutation.path.slice(0, -1).reduce<JsonValue>((at, key) => childOf(at, key), copy);
  const last = mutation.path.at(-1);
  if (Array.isArray(parent) && typeof last === 'number') {
    if (mutation.value === undefined) parent.splice(last, 1);
    else parent[last] = mutation.value;
  } else if (
    typeof parent === 'object' &&
    parent !== null &&
    !Array.isArray(parent) &&
    typeof last === 'string'
  ) {
    if (mutation.value === undefined) Reflect.deleteProperty(parent, last);
    else parent[last] = mutation.value;
  }
  return copy;
}

function childOf(value: JsonValue, key: string | number): JsonValue {
  if (Array.isArray(value) && typeof key === 'number') return value[key] ?? null;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value[key] ?? null;
  throw new Error(`there is nothing at ${key}`);
}

/** `listeners[0].address: remove`, to name a case. */
export function describeMutation(base: string, mutation: Mutation): string {
  const path = mutation.path.map(part => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return `${base}${path}: ${mutation.operator}`;
}
