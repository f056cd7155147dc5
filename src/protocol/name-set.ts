import { contentVersion } from '../resources/version.ts';

export const NO_NAMES: ReadonlySet<string> = new Set();

/** In a list of names: everything (xDS protocol, "How the client specifies what resources to return"). */
export const WILDCARD = '*';

const interned = new Map<string, WeakRef<ReadonlySet<string>>>();
const forgotten = new FinalizationRegistry<string>(key => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});

/**
 * One object for equal sets, as long as anyone holds it: what is computed for the names of one stream (which resources
 * they select, what differs from what was sent) serves every stream that asks for the same.
 */
function internNames(names: ReadonlySet<string>): ReadonlySet<string> {
  if (names.size === 0) return NO_NAMES;
  const key = contentVersion([...names].sort());
  const known = interned.get(key)?.deref();
  if (known !== undefined && sameNames(known, names)) return known;
  interned.set(key, new WeakRef(names));
  forgotten.register(names, key);
  return names;
}

/** A list of names that was read. */
interface NameList {
  readonly names: ReadonlySet<string>;
  readonly hasWildcard: boolean;
}

/** By the list object: decoders give one object for equal lists, of which a fleet sends many. */
const read = new WeakMap<readonly string[], NameList>();

/**
 * What a list says; its names are `before` itself when they are the same. The wildcard is no name.
 * @param list must not change afterwards.
 */
export function readNames(list: readonly string[], before: ReadonlySet<string>): NameList {
  let known = read.get(list);
  if (known === undefined) {
    known = listsExactly(before, list) ? { names: before, hasWildcard: false } : readAnew(list);
    read.set(list, known);
  }
  return sameNames(before, known.names) ? { ...known, names: before } : known;
}

function readAnew(list: readonly string[]): NameList {
  const names = new Set(list);
  const hasWildcard = names.delete(WILDCARD);
  return { names: internNames(names), hasWildcard };
}

/** `before` itself when nothing is added or removed, so that lookups by identity keep working. */
export function changeNames(
  before: ReadonlySet<string>,
  add: readonly string[],
  remove: readonly string[],
): ReadonlySet<string> {
  if (add.length === 0 && remove.length === 0) return before;
  if (before.size === 0 && remove.length === 0) return readNames(add, before).names;
  const names = new Set(before);
  for (const name of add) names.add(name);
  for (const name of remove) names.delete(name);
  names.delete(WILDCARD);
  return sameNames(before, names) ? before : internNames(names);
}

/** `names` and more; the same object when there are none, so that streams that ask for the same share it. */
export function withNames(names: ReadonlySet<string>, more: readonly string[]): ReadonlySet<string> {
  return more.length === 0 ? names : new Set([...names, ...more]);
}

/** The usual case, for clients repeat their names in the same order: no set has to be made to find out. */
function listsExactly(names: ReadonlySet<string>, list: readonly string[]): boolean {
  if (names.size !== list.length) return false;
  let index = 0;
  for (const name of names) if (name !== list[index++]) return false;
  return true;
}

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a === b || (a.size === b.size && a.isSubsetOf(b));
}
