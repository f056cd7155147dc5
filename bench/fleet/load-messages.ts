import type { TypeUrl } from '../../src/resources/type-url.ts';
import type { Variant } from './discovery-messages.ts';
import type { FleetNames } from './fleet-names.ts';

/** What a load program is started with. */
export interface LoadOptions {
  /** `host:port` of the server. */
  readonly address: string;
  readonly variant: Variant;
  readonly names: FleetNames;
  /** PEM, for mutual TLS. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** What a load program is told. */
export type LoadCommand =
  | { readonly kind: 'start'; readonly options: LoadOptions }
  /** Opens so many streams more, each on its own connection; so many of them refuse clusters. */
  | { readonly kind: 'open'; readonly count: number; readonly refusing: number }
  /** Tells `inSync` when all streams have been answered whole since then. */
  | { readonly kind: 'awaitSync'; readonly sinceMs: number }
  /** Tells `received` when every stream has had a response of the type with this text in it. */
  | { readonly kind: 'expect'; readonly typeUrl: TypeUrl; readonly marker: string }
  /** Tells `counts`, which begin anew then. */
  | { readonly kind: 'count' }
  /** Cuts so many connections a second, at random, and opens them again. */
  | { readonly kind: 'churn'; readonly perSecond: number };

/** What it tells. Times are milliseconds since the epoch, with fractions. */
export type LoadReport =
  | {
      readonly kind: 'inSync';
      readonly lastAtMs: number;
      /** Longest time from the opening of a connection until all was answered. */
      readonly slowestMs: number;
    }
  | {
      readonly kind: 'received';
      readonly p50AtMs: number;
      readonly p99AtMs: number;
      readonly lastAtMs: number;
    }
  | LoadCounts;

export interface LoadCounts {
  readonly kind: 'counts';
  readonly responses: number;
  readonly resources: number;
  readonly bytes: number;
  /** Cluster responses to the streams that refuse them. */
  readonly toRefusing: number;
  /** Streams that ended, by gRPC status (empty: with their connection). */
  readonly ends: Readonly<Record<string, number>>;
}
