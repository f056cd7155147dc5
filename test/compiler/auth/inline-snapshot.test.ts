import { expect } from 'chai';
import type { JsonObject } from '@bufbuild/protobuf';
import { inlineSnapshot } from '../../../src/compiler/auth/inline-snapshot.ts';
import type { Snapshot } from '../../../src/resources/snapshot.ts';
import { resourcesOf } from '../../../src/resources/snapshot.ts';
import { EXTENSION_CONFIG, LISTENER, ROUTE } from '../../../src/resources/type-url.ts';
import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testProvider,
} from '../../support/auth-snapshot.ts';
import { compile, linesOf } from '../../support/compile.ts';
import { decodeResource } from '../../support/decode-resource.ts';
import { jwksOf, TokenKey } from '../../support/jwt.ts';
import { testSchema } from '../../support/schema.ts';

const assets = { '/snapshots/jwks.json': jwksOf([new TokenKey()]) };

function compiled(file: object): Snapshot {
  const result = compile(JSON.stringify(file), { assets });
  if (!result.ok) throw new Error(linesOf(result).join('\n'));
  return result.value;
}

const snapshot = compiled({
  jwt_providers: [testProvider({ claim_to_headers: [{ header: 'x-user', claim: 'sub' }] })],
  auth_chains: [
    {
      name: 'api',
      authenticate: [{ jwt: { provider: 'idp' } }],
      cors: { origins: ['https://app.example'] },
      authorize: { external: { cluster: 'pdp' } },
    },
    { name: 'other', authenticate: [{ jwt: { provider: 'idp' } }] },
  ],
  listeners: [authListener({ port: 10_000, chain: 'api' })],
  clusters: [loopbackCluster('up', 10_001), loopbackCluster('pdp', 10_002)],
  routes: [
    authRoutes([
      authRoute({ path: '/health' }, 'up', { public: { reason: 'probes of the load balancer' } }),
      authRoute({ prefix: '/' }, 'up'),
    ]),
  ],
  extension_configs: [],
});

interface Filter {
  readonly name: string;
  readonly disabled?: boolean;
}

function filtersOf(inlined: Snapshot): readonly Filter[] {
  const listener = resourcesOf(inlined, LISTENER).byName.get('edge');
  if (listener === undefined) throw new Error('the listener is gone');
  const [chain] = decodeResource(listener)['filter_chains'] as {
    filters: { typed_config: Record<string, unknown> }[];
  }[];
  return (chain?.filters[0]?.typed_config['http_filters'] ?? []) as Filter[];
}

describe('inlineSnapshot', () => {
  const inlined = inlineSnapshot(testSchema(), snapshot);

  it('puts the filters of all chains into the connection manager, off, before the guard', () => {
    const filters = filtersOf(inlined).map(
      ({ name, disabled }) => `${name}${disabled === true ? ' off' : ''}`,
    );
    expect(filters.slice(-2)).to.deep.equal(['authplane/guard', 'router']);
    expect(filters.slice(0, -2).every(filter => filter.endsWith(' off'))).to.equal(true);
    expect(filters).to.include.members([
      'authplane-public/remove-headers off',
      'api/jwt off',
      'api/external off',
      'api/mark off',
      'other/jwt off',
    ]);
    expect(filters.some(filter => /slot|deny/.test(filter))).to.equal(false);
  });

  it('switches on at each route the filters of its chain, and keeps what the route says of them', () => {
    const table = resourcesOf(inlined, ROUTE).byName.get('main');
    if (table === undefined) throw new Error('the routes are gone');
    const [host] = decodeResource(table)['virtual_hosts'] as { routes: JsonObject[] }[];
    const perFilter = (host?.routes ?? []).map(
      route => route['typed_per_filter_config'] as Record<string, JsonObject>,
    );
    expect(Object.keys(perFilter[0] ?? {})).to.deep.equal(['authplane-public/remove-headers']);
    const names = filtersOf(inlined).flatMap(({ name }) => (name.startsWith('api/') ? [name] : []));
    expect(Object.keys(perFilter[1] ?? {})).to.have.members(names);
    expect(perFilter[1]?.['api/cors']?.['config']).to.include({ allow_methods: 'GET, HEAD, POST' });
  });

  it('asks for no slot, and says which clusters the listener needs now', () => {
    expect(resourcesOf(inlined, EXTENSION_CONFIG).size).to.equal(0);
    const references = resourcesOf(inlined, LISTENER).byName.get('edge')?.references ?? [];
    expect(references.some(({ kind }) => kind === 'extension')).to.equal(false);
    expect(references.map(({ kind, name }) => `${kind} ${name}`)).to.include('cluster pdp');
  });

  it('leaves a snapshot without auth chains as it is', () => {
    const plain = compiled({ clusters: [loopbackCluster('up', 10_001)] });
    expect(inlineSnapshot(testSchema(), plain)).to.equal(plain);
  });
});
