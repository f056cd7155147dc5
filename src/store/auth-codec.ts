import type { Origin } from '../resources/resource.ts';
import type {
  AuthenticatorPosture,
  AuthorizerPosture,
  EntryPoint,
  Posture,
  RoutePosture,
  SnapshotAuth,
  Waiver,
} from '../resources/snapshot-auth.ts';
import type { JsonShape } from './json-shape.ts';

/** `SnapshotAuth` as JSON. */
export function authJson(auth: SnapshotAuth): object {
  return { ...auth, slots: [...auth.slots], held: [...auth.held] };
}

/**
 * Reads what `authJson` wrote. Undefined for a state that was written before there were auth chains.
 * @throws AuthplaneError STATE_CORRUPT.
 */
export function readAuth(
  shape: JsonShape,
  value: unknown,
  readOrigin: (value: unknown) => Origin,
): SnapshotAuth | undefined {
  if (value === undefined) return undefined;
  const auth = shape.object(value, 'auth');
  return {
    slotNames: shape.texts(auth['slotNames'], 'list of slots'),
    slots: readPairs(shape, auth['slots']),
    held: readPairs(shape, auth['held']),
    entryPoints: shape.list(auth['entryPoints'], 'list of entry points', entry =>
      readEntryPoint(shape, entry, readOrigin),
    ),
    routes: shape.list(auth['routes'], 'list of routes', entry => readRoute(shape, entry, readOrigin)),
    waivers: shape.list(auth['waivers'], 'list of waivers', entry => readWaiver(shape, entry, readOrigin)),
  };
}

function readPairs(shape: JsonShape, value: unknown): ReadonlyMap<string, string> {
  return new Map(
    shape.list(value, 'slots', pair => {
      const [key, content] = shape.texts(pair, 'slot');
      return [shape.text(key, 'slot'), shape.text(content, 'slot')] as const;
    }),
  );
}

function readEntryPoint(
  shape: JsonShape,
  value: unknown,
  readOrigin: (value: unknown) => Origin,
): EntryPoint {
  const entry = shape.object(value, 'entry point');
  return {
    listener: shape.text(entry['listener'], 'listener'),
    addresses: shape.texts(entry['addresses'], 'list of addresses'),
    isProtected: entry['isProtected'] === true,
    tables: shape.texts(entry['tables'], 'list of route configurations'),
    origin: readOrigin(entry['origin']),
  };
}

function readRoute(shape: JsonShape, value: unknown, readOrigin: (value: unknown) => Origin): RoutePosture {
  const route = shape.object(value, 'route');
  return {
    routeConfiguration: shape.text(route['routeConfiguration'], 'route configuration'),
    virtualHost: shape.text(route['virtualHost'], 'virtual host'),
    domains: shape.texts(route['domains'], 'list of domains'),
    index: shape.count(route['index'], 'index of a route'),
    name: shape.text(route['name'], 'name of a route'),
    match: shape.object(route['match'], 'match of a route'),
    posture: readPosture(shape, route['posture']),
    origin: readOrigin(route['origin']),
  };
}

function readPosture(shape: JsonShape, value: unknown): Posture {
  const posture = shape.object(value, 'posture');
  const kind = shape.text(posture['kind'], 'kind of a posture');
  if (kind === 'public') return { kind, reason: shape.text(posture['reason'], 'reason') };
  if (kind === 'denied') return { kind };
  return {
    kind: 'chain',
    chain: shape.text(posture['chain'], 'chain'),
    authenticators: shape.list(posture['authenticators'], 'list of authenticators', entry =>
      readAuthenticator(shape, entry),
    ),
    authorizers: shape.list(posture['authorizers'], 'list of authorizers', entry =>
      readAuthorizer(shape, entry),
    ),
  };
}

function readAuthenticator(shape: JsonShape, value: unknown): AuthenticatorPosture {
  const { kind, accepts, demands, maxLifetimeS } = shape.object(value, 'authenticator');
  return {
    kind: shape.text(kind, 'kind of an authenticator'),
    accepts: shape.texts(accepts, 'authenticator'),
    demands: shape.texts(demands, 'authenticator'),
    ...(typeof maxLifetimeS === 'number' ? { maxLifetimeS } : {}),
  };
}

function readAuthorizer(shape: JsonShape, value: unknown): AuthorizerPosture {
  const { kind, policies } = shape.object(value, 'authorizer');
  return { kind: shape.text(kind, 'kind of an authorizer'), policies: shape.texts(policies, 'policies') };
}

function readWaiver(shape: JsonShape, value: unknown, readOrigin: (value: unknown) => Origin): Waiver {
  const { reason, expiresMs, routes, origin } = shape.object(value, 'waiver');
  return {
    reason: shape.text(reason, 'reason of a waiver'),
    expiresMs: typeof expiresMs === 'number' ? expiresMs : 0,
    routes: shape.texts(routes, 'routes of a waiver'),
    origin: readOrigin(origin),
  };
}
