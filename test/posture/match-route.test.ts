import { expect } from 'chai';
import { routeFor } from '../../src/posture/match-route.ts';
import { sampleRequests } from '../../src/posture/sample-requests.ts';
import type { RouteMatch, RoutePosture } from '../../src/resources/snapshot-auth.ts';

function route(
  match: RouteMatch,
  domains: readonly string[] = ['*'],
  virtualHost = domains.join(),
): RoutePosture {
  return {
    routeConfiguration: 'main',
    virtualHost,
    domains,
    index: 0,
    name: '',
    match,
    posture: { kind: 'denied' },
    origin: { file: 'a.yaml', line: 1, column: 1, path: [] },
  };
}

const get = (path: string, host = 'x.test', headers: Readonly<Record<string, string>> = {}) => ({
  host,
  path,
  headers: { ':method': 'GET', ...headers },
});

describe('routeFor', () => {
  const matches = (match: RouteMatch, path: string, headers = {}): boolean =>
    routeFor([route(match)], get(path, 'x.test', headers)) !== undefined;

  it('matches paths as Envoy does', () => {
    expect(matches({ prefix: '/a' }, '/ab')).to.equal(true);
    expect(matches({ path: '/a' }, '/a/')).to.equal(false);
    expect(matches({ path_separated_prefix: '/a' }, '/ab')).to.equal(false);
    expect(matches({ path_separated_prefix: '/a' }, '/a/b')).to.equal(true);
    expect(matches({ safe_regex: { regex: '/v[0-9]+' } }, '/v12')).to.equal(true);
    expect(matches({ safe_regex: { regex: '/v[0-9]+' } }, '/v12/x')).to.equal(false);
    expect(matches({ safe_regex: { regex: '(?i)/A' } }, '/a')).to.equal(false);
    expect(matches({ prefix: '/A', case_sensitive: false }, '/ab')).to.equal(true);
    expect(matches({ connect_matcher: {} }, '/')).to.equal(false);
    expect(matches({ prefix: '/', grpc: {} }, '/')).to.equal(false);
  });

  it('matches headers, and takes a form that it does not know for a fit', () => {
    const header = (matcher: object): RouteMatch => ({ prefix: '/', headers: [{ name: 'X-A', ...matcher }] });
    expect(matches(header({ string_match: { exact: '1' } }), '/', { 'x-a': '1' })).to.equal(true);
    expect(matches(header({ string_match: { exact: '1' } }), '/', { 'x-a': '2' })).to.equal(false);
    expect(matches(header({ string_match: { prefix: '1' } }), '/')).to.equal(false);
    expect(matches(header({ present_match: true }), '/', { 'x-a': '' })).to.equal(true);
    expect(matches(header({ present_match: true, invert_match: true }), '/')).to.equal(true);
    expect(matches(header({ range_match: { start: '1', end: '2' } }), '/', { 'x-a': '1' })).to.equal(true);
  });

  it('takes the virtual host with the most specific domain, also when none of its routes fits', () => {
    const routes = [
      route({ prefix: '/' }, ['*']),
      route({ prefix: '/' }, ['*.test']),
      route({ prefix: '/' }, ['a.*']),
      route({ prefix: '/only' }, ['a.test']),
    ];
    expect(routeFor(routes, get('/only', 'a.test'))?.virtualHost).to.equal('a.test');
    expect(routeFor(routes, get('/', 'a.test'))).to.equal(undefined);
    expect(routeFor(routes, get('/', 'b.test'))?.virtualHost).to.equal('*.test');
    expect(routeFor(routes, get('/', 'a.other'))?.virtualHost).to.equal('a.*');
    expect(routeFor(routes, get('/', 'b.other'))?.virtualHost).to.equal('*');
  });
});

describe('sampleRequests', () => {
  it('gives requests that the route itself serves', () => {
    const routes = [
      route({ prefix: '/a' }),
      route({ path: '/a' }, ['*.test']),
      route({ path_separated_prefix: '/a' }, ['a.*', 'b.test']),
      route({
        prefix: '/',
        headers: [
          { name: 'X-A', string_match: { exact: '1' } },
          { name: ':method', string_match: { exact: 'POST' } },
        ],
      }),
    ];
    for (const one of routes) {
      const requests = [...sampleRequests([one])];
      expect(requests.length).to.be.above(0);
      for (const request of requests) expect(routeFor([one], request), JSON.stringify(request)).to.equal(one);
    }
  });
});
