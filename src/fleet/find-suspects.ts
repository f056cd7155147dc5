import type { Resource } from '../resources/resource.ts';

/** A resource that a client may have rejected, and where an operator wrote it. */
export interface Suspect {
  readonly name: string;
  /** Relative to the snapshot directory. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Only so much of a message is searched. */
const MAX_SEARCHED = 16_384;

/** Resources that are listed when the message names none of them. */
const MAX_SUSPECTS = 20;

/** Shorter names are found only where the message marks them as names: `a` is also an English word. */
const SHORTEST_PLAIN_NAME = 3;

/**
 * The resources of a rejected response that its error message names; all of them (at most 20) when it names none, as
 * RDS, ECDS and SDS messages of Envoy do.
 *
 * Envoy writes `Error adding/updating listener(s) NAME: reason`, further ones after a line break or a comma, and
 * other names in quotes.
 */
export function findSuspects(message: string, resources: readonly Resource[]): readonly Suspect[] {
  const text = message.slice(0, MAX_SEARCHED);
  const ways: ((name: string) => boolean)[] = [
    name =>
      occurs(
        text,
        name,
        before => before === '' || /[\s,)]/.test(before),
        after => after === ':',
      ),
    name =>
      occurs(
        text,
        name,
        before => /['"[]/.test(before),
        after => /['"\]]/.test(after),
      ),
    name => name.length >= SHORTEST_PLAIN_NAME && occurs(text, name, isBoundary, isBoundary),
  ];
  for (const way of ways) {
    const named = resources.filter(resource => resource.name !== '' && way(resource.name));
    if (named.length > 0) return named.slice(0, MAX_SUSPECTS).map(toSuspect);
  }
  return resources.slice(0, MAX_SUSPECTS).map(toSuspect);
}

function occurs(
  text: string,
  name: string,
  before: (character: string) => boolean,
  after: (character: string) => boolean,
): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (before(text.charAt(at - 1)) && after(text.charAt(at + name.length))) return true;
  }
  return false;
}

function isBoundary(character: string): boolean {
  return character === '' || !/[\w./-]/.test(character);
}

function toSuspect({ name, origin }: Resource): Suspect {
  return { name, file: origin.file, line: origin.line, column: origin.column };
}
