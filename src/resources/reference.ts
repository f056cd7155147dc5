import type { DocumentPath } from './diagnostic.ts';

/**
 * One resource naming another. `endpoints`: the EDS name a cluster asks for. `cluster`, `route`, `secret`,
 * `extension`, `scopedRoutes`, `virtualHosts`, `runtime`: what a listener, route or filter asks for by name.
 */
export interface Reference {
  readonly kind: ReferenceKind;
  readonly name: string;
  /** Where in the resource's own document the name stands. */
  readonly path: DocumentPath;
}

export type ReferenceKind =
  'endpoints' | 'cluster' | 'route' | 'secret' | 'extension' | 'scopedRoutes' | 'virtualHosts' | 'runtime';
