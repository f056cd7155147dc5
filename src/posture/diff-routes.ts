import type { Posture, RoutePosture } from '../resources/snapshot-auth.ts';
import { policyName, weakenings } from './compare-posture.ts';
import { findWeakenings, type Postures } from './compare-routes.ts';

/** How a route is protected before and after an edit. */
export interface RouteDifference {
  /** Undefined: the route is new. */
  readonly before: RoutePosture | undefined;
  /** Undefined: the route is gone. */
  readonly after: RoutePosture | undefined;
  readonly change: 'same' | 'new' | 'gone' | 'weaker' | 'stronger' | 'changed';
  /** What has changed, in words. */
  readonly reasons: readonly string[];
}

/** Every route of either side, in the order of `after`; those that are gone last. A route is found again by its place and match. */
export function diffRoutes(before: Postures, after: Postures): readonly RouteDifference[] {
  const weaker = new Map(
    findWeakenings(before, after).flatMap(found =>
      found.kind === 'route' ? [[found.after, found.reasons] as const] : [],
    ),
  );
  const old = new Map(before.routes.map(route => [identityOf(route), route]));
  const now = after.routes.map((route): RouteDifference => {
    const was = old.get(identityOf(route));
    old.delete(identityOf(route));
    const reasons = weaker.get(route);
    if (reasons !== undefined) return { before: was, after: route, change: 'weaker', reasons };
    return was === undefined
      ? { before: undefined, after: route, change: 'new', reasons: [] }
      : { before: was, after: route, ...changeOf(was.posture, route.posture) };
  });
  const gone = [...old.values()].map((route): RouteDifference => ({
    before: route,
    after: undefined,
    change: 'gone',
    reasons: [],
  }));
  return [...now, ...gone];
}

function identityOf({ routeConfiguration, virtualHost, match }: RoutePosture): string {
  return JSON.stringify([routeConfiguration, virtualHost, match]);
}

function changeOf(before: Posture, after: Posture): Pick<RouteDifference, 'change' | 'reasons'> {
  if (JSON.stringify(before) === JSON.stringify(after)) return { change: 'same', reasons: [] };
  const policies = changedPolicies(before, after);
  const isStronger = weakenings(after, before).length > 0;
  return { change: isStronger ? 'stronger' : 'changed', reasons: policies };
}

/** Policies that say something else than before, came or went. */
function changedPolicies(before: Posture, after: Posture): readonly string[] {
  const [old, now] = [policiesOf(before), policiesOf(after)];
  const names = new Set([...old, ...now].map(policyName));
  const find = (list: readonly string[], name: string): string | undefined =>
    list.find(policy => policyName(policy) === name);
  return [...names].flatMap(name => {
    const [was, is] = [find(old, name), find(now, name)];
    if (was === is) return [];
    const what = was === undefined ? 'new' : is === undefined ? 'gone' : 'changed';
    return [`policy ${name} ${what}`];
  });
}

function policiesOf(posture: Posture): readonly string[] {
  return posture.kind === 'chain' ? posture.authorizers.flatMap(({ policies }) => policies) : [];
}
