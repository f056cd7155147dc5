import type { DocumentPath } from '../resources/diagnostic.ts';
import type { Origin } from '../resources/resource.ts';

/** One entry of a list that authplane compiles (chains, policies, services …), decoded, with its place. */
export interface DeclaredEntry<Spec> {
  readonly spec: Spec;
  readonly origin: Origin;
  /** Where a path below the entry stands in the file: proto field names, list indexes, map keys. */
  readonly at: (path: DocumentPath) => Origin;
  /** The absolute path of a file that the entry names. */
  readonly resolve: (path: string) => string;
}
