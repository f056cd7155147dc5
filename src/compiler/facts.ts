import type { Position } from '../resources/diagnostic.ts';
import type { Reference } from '../resources/reference.ts';

/** A reference with its place, for the message when it leads nowhere. */
export interface LocatedReference extends Reference, Position {}

/** What the group checks need to know of one resource after its message is gone. Grows with the checks. */
export interface ResourceFacts {
  readonly references: readonly LocatedReference[];
}
