import { expect } from 'chai';
import fc from 'fast-check';
import { compareTables } from '../../src/posture/compare-routes.ts';
import { routeFor } from '../../src/posture/match-route.ts';
import type { Posture, RoutePosture } from '../../src/resources/snapshot-auth.ts';

const RUNS = process.env['PROVE'] === '1' ? 20_000 : 2_000;
const ORIGIN = { file: 'a.yaml', line: 1, column: 1, path: [] };

const chain = (name: string): Posture => ({
  kind: 'chain',
  chain: name,
  authenticators: [{ kind: name, accepts: [], demands: [] }],
  authorizers: [],
});
const PUBLIC: Posture = { kind: 'public', reason: 'because' };
const posture = fc.constantFrom(PUBLIC, chain('jwt'));

const paths = ['/', '/a', '/a/', '/a/b', '/ab', '/b'];
const match = fc.oneof(
  fc.constantFrom(...paths).map(prefix => ({ prefix })),
  fc.constantFrom(...paths).map(path => ({ path })),
  fc.constantFrom('/a', '/a/b', '/b').map(separated => ({ path_separated_prefix: separated })),
);
/** Domains of a table are exclusive, as Envoy demands. */
const hosts = [['*'], ['a.test'], ['*.a.test']] as const;

const table = fc
  .array(fc.record({ host: fc.nat(hosts.length - 1), match, posture }), { maxLength: 5 })
  .map(entries =>
    entries.map((entry, index): RoutePosture => ({
      routeConfiguration: 'main',
      virtualHost: `host-${entry.host}`,
      domains: hosts[entry.host] ?? ['*'],
      index,
      name: '',
      match: entry.match,
      posture: entry.posture,
      origin: ORIGIN,
    })),
  );

/** Every request that the tables can tell apart. */
function* allRequests() {
  for (const host of ['a.test', 'x.a.test', 'other.test']) {
    for (const path of [
      ...paths,
      '/a/any',
      '/a/any/any',
      '/a/b/any',
      '/a/bany',
      '/aany',
      '/abany',
      '/ab/any',
      '/any',
      '/any/any',
      '/b/any',
      '/bany',
    ]) {
      yield { host, path, headers: { ':method': 'GET' } };
    }
  }
}

describe('compareTables', () => {
  it('finds a weakening exactly when some request is served weaker than before', () => {
    fc.assert(
      fc.property(table, table, (before, after) => {
        const isWeaker = [...allRequests()].some(request => {
          const [old, now] = [routeFor(before, request), routeFor(after, request)];
          return old?.posture.kind === 'chain' && now?.posture.kind === 'public';
        });
        const found = compareTables(before, after);
        expect(found.length > 0).to.equal(isWeaker);
      }),
      { numRuns: RUNS },
    );
  });

  it('finds nothing between a table and itself, or a table whose routes are all protected', () => {
    fc.assert(
      fc.property(table, before => {
        expect(compareTables(before, before)).to.deep.equal([]);
        const locked = before.map(route => ({ ...route, posture: chain('jwt') }));
        expect(compareTables(before, locked)).to.deep.equal([]);
      }),
      { numRuns: RUNS },
    );
  });
});
