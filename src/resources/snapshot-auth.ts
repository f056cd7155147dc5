import type { Origin } from './resource.ts';

/** What the control plane knows of the auth chains of a snapshot beside the resources that proxies get. */
export interface SnapshotAuth {
  /** The names of all slots for chains, in their order. */
  readonly slotNames: readonly string[];
  /** The slot of each chain, as the routes of the snapshot name it. */
  readonly slots: ReadonlyMap<string, string>;
  /** The chain in each slot that is not empty. While chains are exchanged these are more than the routes name. */
  readonly held: ReadonlyMap<string, string>;
  /** Every connection manager, with auth or without. */
  readonly entryPoints: readonly EntryPoint[];
  /** How every route of a connection manager with auth is protected, in the order of the route configurations. */
  readonly routes: readonly RoutePosture[];
  /** Permissions for edits that make a route less protected. */
  readonly waivers: readonly Waiver[];
}

/** A connection manager: where requests come in. */
export interface EntryPoint {
  readonly listener: string;
  /** Addresses of the listener: `127.0.0.1:443`. */
  readonly addresses: readonly string[];
  /** False for a connection manager without AuthChain filter. */
  readonly isProtected: boolean;
  /** Route configurations that it takes by RDS. */
  readonly tables: readonly string[];
  readonly origin: Origin;
}

/** How one route is protected. */
export interface RoutePosture {
  readonly routeConfiguration: string;
  readonly virtualHost: string;
  readonly domains: readonly string[];
  /** Position in the virtual host. */
  readonly index: number;
  /** The route's own name, if it has one. */
  readonly name: string;
  /** `match` of the route in proto3 JSON with proto field names. */
  readonly match: RouteMatch;
  readonly posture: Posture;
  /** Where an operator said what applies, or wrote the route configuration. */
  readonly origin: Origin;
}

/** envoy.config.route.v3.RouteMatch in proto3 JSON. */
export type RouteMatch = Readonly<Record<string, unknown>>;

/** `denied`: no chain and not public, so the guard refuses every request. */
export type Posture =
  | { readonly kind: 'public'; readonly reason: string }
  | { readonly kind: 'denied' }
  | ({ readonly kind: 'chain'; readonly chain: string } & ChainPosture);

/** What a chain demands. */
export interface ChainPosture {
  /** Any of them lets in. */
  readonly authenticators: readonly AuthenticatorPosture[];
  /** All of them must allow. Empty: whoever is authenticated may do everything. */
  readonly authorizers: readonly AuthorizerPosture[];
}

/** A way in. */
export interface AuthenticatorPosture {
  /** `jwt`, `oauth2`, `api-key`, `basic` or `client-certificate`. */
  readonly kind: string;
  /** What a caller may bring, each of them enough: audiences, names of certificates. */
  readonly accepts: readonly string[];
  /** What a caller must bring, all of it: issuer, scopes, an expiry. */
  readonly demands: readonly string[];
  /** Longest lifetime of a token; undefined for what is no token. */
  readonly maxLifetimeS?: number;
}

/** A decision about who was let in. */
export interface AuthorizerPosture {
  /** `allow policies`, `deny policy banned`, `external pdp`. */
  readonly kind: string;
  /** Names of policies, each with a fingerprint of what it says. */
  readonly policies: readonly string[];
}

/** An entry of `posture_waivers`. */
export interface Waiver {
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
  /** Globs for names of route configurations; empty: all. */
  readonly routes: readonly string[];
  readonly origin: Origin;
}
