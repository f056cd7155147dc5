import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION_CONFIG,
  LISTENER,
  RESOURCE_TYPES,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  type TypeUrl,
  VIRTUAL_HOST,
} from '../resources/type-url.ts';

/**
 * Make before break (xDS protocol, "Eventual consistency considerations").
 *
 * An update of a type waits until the client has accepted what its gates changed. EDS and SDS have no gate: Envoy
 * withholds the CDS ACK until new clusters are warm, and they warm on EDS and SDS, so waiting would be a deadlock.
 */
const GATES = new Map<TypeUrl, readonly TypeUrl[]>([
  [EXTENSION_CONFIG, [CLUSTER]],
  [LISTENER, [CLUSTER]],
  [SCOPED_ROUTE, [CLUSTER, LISTENER]],
  [ROUTE, [CLUSTER, LISTENER, EXTENSION_CONFIG]],
  [VIRTUAL_HOST, [CLUSTER, LISTENER, EXTENSION_CONFIG]],
]);

/** A removal waits until the client has accepted that nothing of these types needs the resource any more. */
const USERS = new Map<TypeUrl, readonly TypeUrl[]>([
  [CLUSTER, [LISTENER, EXTENSION_CONFIG, SCOPED_ROUTE, ROUTE, VIRTUAL_HOST]],
  [ENDPOINTS, [CLUSTER]],
  [SECRET, [CLUSTER, LISTENER, EXTENSION_CONFIG]],
  [ROUTE, [LISTENER, SCOPED_ROUTE]],
]);

const NONE: readonly TypeUrl[] = [];

export function gatesOf(typeUrl: TypeUrl): readonly TypeUrl[] {
  return GATES.get(typeUrl) ?? NONE;
}

export function usersOf(typeUrl: TypeUrl): readonly TypeUrl[] {
  return USERS.get(typeUrl) ?? NONE;
}

/** Types whose new content names clusters that must have their endpoints first. */
export function waitsForEndpoints(typeUrl: TypeUrl): boolean {
  return typeUrl === ROUTE || typeUrl === VIRTUAL_HOST;
}

/** The served types in their order, then the others as subscribed. */
export function inOrder(subscribed: Iterable<TypeUrl>): TypeUrl[] {
  const rest = new Set(subscribed);
  const ordered: TypeUrl[] = [];
  for (const { typeUrl } of RESOURCE_TYPES) if (rest.delete(typeUrl)) ordered.push(typeUrl);
  return [...ordered, ...rest];
}
