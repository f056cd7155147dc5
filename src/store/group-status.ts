import type { SecretContent } from '../certificates/secret-content.ts';
import type { Grant } from '../resources/grant.ts';
import type { NodeIdentity } from '../resources/node.ts';
import type { Origin } from '../resources/resource.ts';
import type { RoutePosture } from '../resources/snapshot-auth.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import type { Version } from '../resources/version.ts';

/**
 * `current`: as in the newest load. `held`: an earlier version, because the newest load has an error for its nodes.
 * `stale-source`: last-known-good from disk that no load has confirmed since the start. `orphaned`: no file
 * matches its nodes any more; they keep it while they are connected.
 */
export type GroupState = 'current' | 'held' | 'stale-source' | 'orphaned';

/** A TLS certificate that proxies get by SDS. */
export interface CertificateStatus {
  readonly name: string;
  /** Milliseconds since the epoch; of the chain, the earliest. */
  readonly notAfterMs: number;
}

/** A secret that is served, without what is secret in it. */
export interface ServedSecret extends SecretContent {
  readonly group: string;
  readonly name: string;
  readonly version: Version;
  readonly origin: Origin;
  /** Undefined: for every proxy of the group. */
  readonly grant: Grant | undefined;
}

/** A snapshot that is served. One key may occur twice while some of the nodes of a group are held back. */
export interface GroupStatus {
  readonly key: string;
  readonly files: readonly string[];
  readonly version: Version;
  readonly pinnedVersion: string | undefined;
  readonly resourceCounts: ReadonlyMap<TypeUrl, number>;
  /** Routes without authentication, each with its written reason. */
  readonly publicRoutes: readonly RoutePosture[];
  /** The TLS certificates among its secrets, with the end of their validity. */
  readonly certificates: readonly CertificateStatus[];
  readonly state: GroupState;
  /** Number of different connected nodes that have it. */
  readonly nodes: number;
  /** Since when this version is published; milliseconds since the epoch. */
  readonly sinceMs: number;
}

/**
 * A connected node that no current snapshot fits. `not-loaded`: before the first load. `unmatched`: no file matches
 * it, so it waits. `held`: its files have errors and never were good, so it waits. `orphaned`: no file
 * matches it any more; it keeps `version`.
 */
export interface NodeWithout {
  readonly node: NodeIdentity;
  readonly reason: 'not-loaded' | 'unmatched' | 'held' | 'orphaned';
  /** The files that match it. */
  readonly files: readonly string[];
  /** What it keeps, if anything. */
  readonly version: Version | undefined;
}
