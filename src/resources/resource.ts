import type { DocumentPath } from './diagnostic.ts';
import type { Reference } from './reference.ts';
import type { TypeUrl } from './type-url.ts';
import type { Version } from './version.ts';

/** Where an operator wrote a resource. */
export interface Origin {
  /** Relative to the snapshot directory. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: DocumentPath;
}

/** One xDS resource, encoded once. Immutable and shared by every snapshot and stream that has it. */
export interface Resource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  /** Other names that a subscription may use for it (VHDS: `<route configuration>/<domain>`). */
  readonly aliases: readonly string[];
  /** Hash of the encoded body, the same on every replica. */
  readonly version: Version;
  /** The encoded message; a view into `sotwFrame`. */
  readonly body: Uint8Array;
  /** `DiscoveryResponse.resources` (field 2) with the Any inside, ready to be concatenated. */
  readonly sotwFrame: Uint8Array;
  /** `DeltaDiscoveryResponse.resources` (field 2) with the Resource inside, ready to be concatenated. */
  readonly deltaFrame: Uint8Array;
  readonly references: readonly Reference[];
  readonly origin: Origin;
}
