import type { TypeUrl } from '../../src/resources/type-url.ts';

/** What a proxy of the fleet asks for by name, by type. Clusters and listeners are asked for as wildcards. */
export type FleetNames = Readonly<Record<TypeUrl, readonly string[]>>;

/** How large a fleet is. */
export interface FleetSize {
  /** EDS clusters, each with four endpoints. */
  readonly clusters: number;
  /** Over which the clusters are spread. */
  readonly files: number;
}

/** What a push changes: the first cluster, or its endpoints. */
export type ChangedPart = 'cluster' | 'endpoints';
