import type { EntryPoint, Posture, RoutePosture, SnapshotAuth } from '../resources/snapshot-auth.ts';
import { weakenings } from './compare-posture.ts';
import { routeFor } from './match-route.ts';
import { sampleRequests } from './sample-requests.ts';

/** What is compared of a snapshot. */
export type Postures = Pick<SnapshotAuth, 'entryPoints' | 'routes' | 'waivers'>;

/** A route, or a whole connection manager, that is less protected than what served the same requests before. */
export type Weakening =
  | {
      readonly kind: 'route';
      readonly before: RoutePosture;
      readonly after: RoutePosture;
      /** In what it is weaker, in words. */
      readonly reasons: readonly string[];
      /** A path that shows it; undefined where routes with the same match are compared. */
      readonly path: string | undefined;
    }
  | { readonly kind: 'entry-point'; readonly before: EntryPoint; readonly after: EntryPoint };

/**
 * What is less protected in `after`. Requests that both serve are compared, wherever their routes stand and whatever they are called: so a
 * broader route placed before another, a moved domain and a renamed route configuration are found. What nothing served before,
 * and what nothing serves any more, is no weakening.
 */
export function findWeakenings(before: Postures, after: Postures): readonly Weakening[] {
  return before.entryPoints
    .filter(({ isProtected }) => isProtected)
    .flatMap(entry => compareEntryPoints(entry, before, after));
}

function compareEntryPoints(entry: EntryPoint, before: Postures, after: Postures): readonly Weakening[] {
  const others = after.entryPoints.filter(other => isSameListener(entry, other));
  const siblings = before.entryPoints.filter(other => isSameListener(entry, other));
  const open = others.filter(({ isProtected }) => !isProtected);
  const wasOpen = siblings.filter(({ isProtected }) => !isProtected).length;
  const bare = open
    .slice(wasOpen)
    .map((other): Weakening => ({ kind: 'entry-point', before: entry, after: other }));
  const known = new Set(siblings.flatMap(({ tables }) => tables));
  const tables = [...new Set(others.filter(({ isProtected }) => isProtected).flatMap(other => other.tables))];
  const added = tables.filter(name => !known.has(name));
  const routes = entry.tables.flatMap(name =>
    (tables.includes(name) ? [name] : added).flatMap(other =>
      compareTables(routesIn(before, name), routesIn(after, other)),
    ),
  );
  return [...bare, ...routes];
}

function isSameListener(a: EntryPoint, b: EntryPoint): boolean {
  return a.listener === b.listener || a.addresses.some(address => b.addresses.includes(address));
}

function routesIn({ routes }: Postures, table: string): readonly RoutePosture[] {
  return routes.filter(({ routeConfiguration }) => routeConfiguration === table);
}

/** Each route of `after` that serves weaker what another served before, once. */
export function compareTables(
  before: readonly RoutePosture[],
  after: readonly RoutePosture[],
): readonly Weakening[] {
  if (!canWeaken(before, after)) return [];
  const found = new Map<RoutePosture, Weakening>();
  const compare = (old: RoutePosture | undefined, now: RoutePosture | undefined, path?: string): void => {
    if (old === undefined || now === undefined || found.has(now)) return;
    const reasons = weakenings(old.posture, now.posture);
    if (reasons.length > 0) found.set(now, { kind: 'route', before: old, after: now, reasons, path });
  };
  for (const request of sampleRequests([...before, ...after])) {
    compare(routeFor(before, request), routeFor(after, request), request.path);
  }
  // Routes by regular expression, which have no samples, are found again by their text.
  for (const old of before.filter(isByExpression)) {
    const isSame = (route: RoutePosture): boolean => isSameMatch(old, route);
    if (before.find(isSame) === old) compare(old, after.find(isSame));
  }
  return [...found.values()];
}

/** False when no posture of `after` is weaker than any of `before`: then nothing has to be looked at, as for most edits. */
function canWeaken(before: readonly RoutePosture[], after: readonly RoutePosture[]): boolean {
  const [old, now] = [distinctPostures(before), distinctPostures(after)];
  return old.some(posture => now.some(other => weakenings(posture, other).length > 0));
}

function distinctPostures(routes: readonly RoutePosture[]): readonly Posture[] {
  return [...new Map(routes.map(({ posture }) => [JSON.stringify(posture), posture])).values()];
}

function isByExpression({ match }: RoutePosture): boolean {
  return 'safe_regex' in match;
}

function isSameMatch(a: RoutePosture, b: RoutePosture): boolean {
  return (
    JSON.stringify(a.match) === JSON.stringify(b.match) &&
    a.domains.some(domain => b.domains.includes(domain))
  );
}
