import type { Diagnostic } from '../resources/diagnostic.ts';
import { formatPath } from '../resources/diagnostic.ts';
import { matchesGlob } from '../resources/node.ts';
import type { Origin } from '../resources/resource.ts';
import type { RoutePosture, Waiver } from '../resources/snapshot-auth.ts';
import { describePosture } from './compare-posture.ts';
import { findWeakenings, type Postures, type Weakening } from './compare-routes.ts';

/**
 * What operators are told about an edit that makes routes less protected: an error (AP1924) for each, or a warning (AP1925) where a waiver of
 * `after` lets it pass. `nowMs`: milliseconds since the epoch.
 */
export function judgeWeakenings(before: Postures, after: Postures, nowMs: number): readonly Diagnostic[] {
  return findWeakenings(before, after).map(weakening => judge(weakening, after.waivers, nowMs));
}

function judge(weakening: Weakening, waivers: readonly Waiver[], nowMs: number): Diagnostic {
  const tables = weakening.kind === 'route' ? [weakening.after.routeConfiguration] : weakening.before.tables;
  const fitting = waivers.filter(({ routes }) => tables.every(table => isMeant(routes, table)));
  const valid = fitting.find(({ expiresMs }) => expiresMs > nowMs);
  const message = describe(weakening);
  const { origin } = weakening.after;
  if (valid !== undefined) return at(origin, 'AP1925', `${message}; waived: ${valid.reason}`);
  const [expired] = fitting;
  const remark =
    expired === undefined
      ? ''
      : `; the waiver in line ${expired.origin.line} of ${expired.origin.file} has expired`;
  return at(origin, 'AP1924', `${message}${remark}`);
}

function isMeant(globs: readonly string[], table: string): boolean {
  return globs.length === 0 || globs.some(glob => matchesGlob(glob, table));
}

function describe(weakening: Weakening): string {
  if (weakening.kind === 'entry-point') {
    return `listener "${weakening.after.listener}" has no auth chain any more`;
  }
  const { before, after, reasons, path } = weakening;
  const example = path === undefined ? '' : `, for instance ${path},`;
  const was = describePosture(before.posture);
  const is = describePosture(after.posture);
  return `${describeRoute(after)} serves${example} less protected: ${reasons.join('; ')} (was ${was}; is ${is})`;
}

/** `route 2 (prefix /api/) of virtual host "all" in "main"`. */
export function describeRoute({ routeConfiguration, virtualHost, index, match }: RoutePosture): string {
  return `route ${index + 1} (${describeMatch(match)}) of virtual host "${virtualHost}" in "${routeConfiguration}"`;
}

/** `prefix /api/`. */
export function describeMatch(match: RoutePosture['match']): string {
  for (const field of ['prefix', 'path', 'path_separated_prefix']) {
    const value = match[field];
    if (typeof value === 'string') return `${field.replaceAll('_', ' ')} ${value}`;
  }
  const expression = match['safe_regex'] as Readonly<Record<string, unknown>> | undefined;
  return typeof expression?.['regex'] === 'string' ? `regex ${expression['regex']}` : 'other match';
}

function at(origin: Origin, code: 'AP1924' | 'AP1925', message: string): Diagnostic {
  const { file, line, column, path } = origin;
  const severity = code === 'AP1924' ? 'error' : 'warning';
  return { file, line, column, severity, code, message, path: formatPath(path) };
}
