import type { RouteMatch, RoutePosture } from '../resources/snapshot-auth.ts';
import type { SampleRequest } from './match-route.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Requests that routes are made for: for each host that one of them names, at and around the edges of each path, with the headers that its route
 * asks for. None for a route by regular expression; such routes are compared by their text.
 */
export function* sampleRequests(routes: readonly RoutePosture[]): Generator<SampleRequest> {
  const hosts = new Set(routes.flatMap(({ domains }) => domains.map(sampleHost)));
  const places = new Map<string, Omit<SampleRequest, 'host'>>();
  for (const { match } of routes) {
    const headers = sampleHeaders(match);
    for (const path of samplePaths(match)) places.set(JSON.stringify([path, headers]), { path, headers });
  }
  for (const host of hosts) for (const place of places.values()) yield { host, ...place };
}

function sampleHost(domain: string): string {
  if (domain === '*') return 'any.invalid';
  if (domain.startsWith('*')) return `any${domain.slice(1)}`;
  return domain.endsWith('*') ? `${domain.slice(0, -1)}any` : domain;
}

function samplePaths(match: RouteMatch): readonly string[] {
  const { prefix, path, path_separated_prefix: separated } = match;
  if (typeof path === 'string') return [path];
  if (typeof separated === 'string') return [separated, `${separated}/any`];
  if (typeof prefix !== 'string') return [];
  return [prefix, `${prefix}any`, prefix.endsWith('/') ? `${prefix}any/any` : `${prefix}/any`];
}

function sampleHeaders(match: RouteMatch): Readonly<Record<string, string>> {
  const { headers } = match;
  const wanted = Array.isArray(headers) ? (headers as Fields[]) : [];
  const entries = wanted
    .filter(({ invert_match: isInverted }) => isInverted !== true)
    .map(matcher => [String(matcher['name']).toLowerCase(), sampleValue(matcher)] as const);
  return { ':method': 'GET', ...Object.fromEntries(entries) };
}

function sampleValue(matcher: Fields): string {
  const text = (matcher['string_match'] ?? {}) as Fields;
  const values = [
    text['exact'],
    text['prefix'],
    text['suffix'],
    text['contains'],
    matcher['exact_match'],
    matcher['prefix_match'],
    matcher['suffix_match'],
    matcher['contains_match'],
  ];
  const value = values.find(candidate => typeof candidate === 'string');
  return typeof value === 'string' ? value : 'any';
}
