import type { PlainMessage } from './plain-message.ts';

/** Sorts the entries of a map field. Returns true when that changed their order. */
export function sortMap(message: PlainMessage, localName: string): boolean {
  const value = message[localName];
  if (typeof value !== 'object' || value === null || isSorted(Object.keys(value))) return false;
  (message as Record<string, unknown>)[localName] = Object.fromEntries(sortedEntries(value));
  return true;
}

/** The same JSON with the keys of all its objects sorted; the value itself when they are. */
export function sortJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(sortJson);
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  const entries = Object.entries(value).map(([key, inner]) => [key, sortJson(inner), inner] as const);
  if (entries.every(([, sorted, inner]) => sorted === inner) && isSorted(Object.keys(value))) return value;
  return Object.fromEntries(entries.map(([key, sorted]) => [key, sorted] as const).sort(byKey));
}

function sortedEntries(object: object): [string, unknown][] {
  return Object.entries(object).sort(byKey);
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function isSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if ((keys[i - 1] ?? '') > (keys[i] ?? '')) return false;
  return true;
}
