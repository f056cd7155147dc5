/** What the control plane knows of the auth chains of a snapshot beside the resources that proxies get. */
export interface SnapshotAuth {
  /** The names of all slots for chains, in their order. */
  readonly slotNames: readonly string[];
  /** The slot of each chain, as the routes of the snapshot name it. */
  readonly slots: ReadonlyMap<string, string>;
  /** The chain in each slot that is not empty. While chains are exchanged these are more than the routes name. */
  readonly held: ReadonlyMap<string, string>;
  /** How every route is protected, in the order of the route configurations. */
  readonly routes: readonly RoutePosture[];
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
  /** All of them must allow. */
  readonly authorizers: readonly AuthorizerPosture[];
}

/** A way in. What is listed is what a caller may choose from (`accepts`) or must have (`demands`). */
export interface AuthenticatorPosture {
  /** `jwt gitlab`, `api-key`, `client-certificate` … */
  readonly kind: string;
  readonly accepts: readonly string[];
  readonly demands: readonly string[];
}

/** A decision about who was let in. */
export interface AuthorizerPosture {
  /** `allow policies`, `deny policy banned`, `external pdp`. */
  readonly kind: string;
  /** Names of what may let pass. */
  readonly accepts: readonly string[];
}
