import type { RouteMatch, RoutePosture } from '../resources/snapshot-auth.ts';

/** What decides which route a request takes. */
export interface SampleRequest {
  readonly host: string;
  /** Without query. */
  readonly path: string;
  /** Lower-cased names; `:method` among them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The route that serves a request, as Envoy finds it: the virtual host with the most specific domain, in it the first match. */
export function routeFor(routes: readonly RoutePosture[], request: SampleRequest): RoutePosture | undefined {
  let best: { readonly host: string; readonly rank: number } | undefined;
  for (const { virtualHost, domains } of routes) {
    for (const domain of domains) {
      const rank = domainRank(domain, request.host);
      if (rank > (best?.rank ?? 0)) best = { host: virtualHost, rank };
    }
  }
  return routes.find(route => route.virtualHost === best?.host && matchesRoute(route.match, request));
}

/** How specific a domain is for a host (config.route.v3.VirtualHost.domains); 0: not at all. */
function domainRank(domain: string, host: string): number {
  const pattern = domain.toLowerCase();
  const name = host.toLowerCase();
  if (pattern === name) return 3_000_000;
  if (pattern === '*') return 1;
  if (pattern.startsWith('*') && name.endsWith(pattern.slice(1)) && name.length >= pattern.length) {
    return 2_000_000 + pattern.length;
  }
  if (pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1)) && name.length >= pattern.length) {
    return 1_000_000 + pattern.length;
  }
  return 0;
}

function matchesRoute(match: RouteMatch, request: SampleRequest): boolean {
  const { headers, query_parameters: query, grpc } = match;
  if (grpc !== undefined || (Array.isArray(query) && query.length > 0)) return false;
  if (!matchesPath(match, request.path)) return false;
  return !Array.isArray(headers) || headers.every(matcher => matchesHeader(matcher as Fields, request));
}

type Fields = Readonly<Record<string, unknown>>;

function matchesPath(match: RouteMatch, path: string): boolean {
  const isSensitive = match['case_sensitive'] !== false;
  const fold = (text: string): string => (isSensitive ? text : text.toLowerCase());
  const { prefix, path: exact, path_separated_prefix: separated, safe_regex: expression } = match;
  if (typeof prefix === 'string') return fold(path).startsWith(fold(prefix));
  if (typeof exact === 'string') return fold(path) === fold(exact);
  if (typeof separated === 'string') {
    return fold(path) === fold(separated) || fold(path).startsWith(`${fold(separated)}/`);
  }
  return typeof expression === 'object' && expression !== null
    ? matchesRegex((expression as Fields)['regex'], path)
    : false;
}

/** RE2 is nearly a subset; what JavaScript does not read matches nothing here, and is compared by its text elsewhere. */
function matchesRegex(source: unknown, text: string): boolean {
  if (typeof source !== 'string') return false;
  try {
    return new RegExp(`^(?:${source})$`, 's').test(text);
  } catch {
    return false;
  }
}

/** A matcher of a form that is not known here counts as fitting: better one comparison too many. */
function matchesHeader(matcher: Fields, request: SampleRequest): boolean {
  const value = request.headers[String(matcher['name']).toLowerCase()];
  const isMatched = matchesHeaderValue(matcher, value);
  return matcher['invert_match'] === true ? !isMatched : isMatched;
}

function matchesHeaderValue(matcher: Fields, value: string | undefined): boolean {
  if ('present_match' in matcher) return (value !== undefined) === (matcher['present_match'] !== false);
  if (value === undefined) return false;
  const text = (matcher['string_match'] ?? {
    exact: matcher['exact_match'],
    prefix: matcher['prefix_match'],
    suffix: matcher['suffix_match'],
    contains: matcher['contains_match'],
    safe_regex: matcher['safe_regex_match'],
  }) as Fields;
  if (typeof text['exact'] === 'string') return value === text['exact'];
  if (typeof text['prefix'] === 'string') return value.startsWith(text['prefix']);
  if (typeof text['suffix'] === 'string') return value.endsWith(text['suffix']);
  if (typeof text['contains'] === 'string') return value.includes(text['contains']);
  const expression = text['safe_regex'];
  if (typeof expression === 'object' && expression !== null) {
    return matchesRegex((expression as Fields)['regex'], value);
  }
  return true;
}
