import { expect } from 'chai';
import { judgeWeakenings } from '../../src/posture/judge-weakenings.ts';
import type { SnapshotAuth } from '../../src/resources/snapshot-auth.ts';
import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testProvider,
} from '../support/auth-snapshot.ts';
import { compile, linesOf } from '../support/compile.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';

const NOW_MS = Date.UTC(2026, 10, 26);
const jwks = jwksOf([new TokenKey()]);
const assets = {
  '/snapshots/jwks.json': jwks,
  '/snapshots/other.json': jwks,
  '/snapshots/keys.txt': 'ci:0123456789abcdef\n',
};

const member = {
  name: 'member',
  effect: 'allow',
  principals: { jwt: { claims: { groups: { any: ['dev'] } } } },
};
const banned = {
  name: 'banned',
  effect: 'deny',
  principals: { jwt: { claims: { sub: { any: ['mallory'] } } } },
};
const api = {
  name: 'api',
  authenticate: [{ jwt: { provider: 'idp', scopes: ['read'] } }],
  authorize: { policies: ['member', 'banned'], external: { cluster: 'pdp' } },
};
const BASE = {
  listeners: [authListener({ port: 10_000, chain: 'api' })],
  clusters: [loopbackCluster('up', 10_001), loopbackCluster('pdp', 10_002), loopbackCluster('other', 10_003)],
  routes: [authRoutes([authRoute({ prefix: '/api/' }, 'up'), authRoute({ prefix: '/' }, 'up')])],
  jwt_providers: [testProvider()],
  auth_chains: [api],
  policies: [member, banned],
};

function authOf(file: object): SnapshotAuth {
  const result = compile(JSON.stringify(file, undefined, 1), { assets, nowMs: NOW_MS });
  if (!result.ok || result.value.auth === undefined) throw new Error(linesOf(result).join('\n'));
  return result.value.auth;
}

const before = authOf(BASE);
const judged = (changes: object): readonly string[] =>
  judgeWeakenings(before, authOf({ ...BASE, ...changes }), NOW_MS).map(
    ({ code, message }) => `${code} ${message}`,
  );
const PUBLIC = { public: { reason: 'everybody may see it' } };
const waiver = (fields: object) => ({
  posture_waivers: [{ reason: 'moves to the new site', expires: '2026-12-01T00:00:00Z', ...fields }],
});

describe('an edit', () => {
  const weaker: Readonly<Record<string, readonly [object, RegExp]>> = {
    'that makes a route public': [
      {
        routes: [
          authRoutes([authRoute({ prefix: '/api/' }, 'up', PUBLIC), authRoute({ prefix: '/' }, 'up')]),
        ],
      },
      /route 1 \(prefix \/api\/\).*becomes public/,
    ],
    'that puts a broader public route first': [
      {
        routes: [
          authRoutes([authRoute({ prefix: '/' }, 'up', PUBLIC), authRoute({ prefix: '/api/' }, 'up')]),
        ],
      },
      /route 1 \(prefix \/\).*becomes public/,
    ],
    'that opens a part of a route': [
      {
        routes: [authRoutes([authRoute({ path: '/api/x' }, 'up', PUBLIC), authRoute({ prefix: '/' }, 'up')])],
      },
      /for instance \/api\/x/,
    ],
    'that opens one domain of many': [
      {
        routes: [
          {
            name: 'main',
            virtual_hosts: [
              { name: 'all', domains: ['*'], routes: [authRoute({ prefix: '/' }, 'up')] },
              { name: 'one', domains: ['one.test'], routes: [authRoute({ prefix: '/' }, 'up', PUBLIC)] },
            ],
          },
        ],
      },
      /virtual host "one".*becomes public/,
    ],
    'that renames the route configuration on the way': [
      {
        listeners: [authListener({ port: 10_000, chain: 'api', routes: 'renamed' })],
        routes: [{ ...authRoutes([authRoute({ prefix: '/' }, 'up', PUBLIC)]), name: 'renamed' }],
      },
      /in "renamed".*becomes public/,
    ],
    'that takes the filter out of the listener': [
      {
        listeners: [
          authListener({
            port: 10_000,
            chain: 'api',
            manager: {
              http_filters: [
                {
                  name: 'router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                  },
                },
              ],
            },
          }),
        ],
      },
      /listener "edge" has no auth chain any more/,
    ],
    'that removes the authorization': [
      { auth_chains: [{ ...api, authorize: undefined }] },
      /no longer authorized by: allow policies; .*deny policy banned; .*external pdp/,
    ],
    'that asks another service': [
      { auth_chains: [{ ...api, authorize: { ...api.authorize, external: { cluster: 'other' } } }] },
      /no longer authorized by: external pdp/,
    ],
    'that only watches what it denied': [
      { policies: [member, { ...banned, mode: 'shadow' }] },
      /no longer authorized by: deny policy banned/,
    ],
    'that lets whoever is authenticated do everything': [
      {
        auth_chains: [{ ...api, authorize: { ...api.authorize, policies: ['member', 'banned', 'all'] } }],
        policies: [member, banned, { name: 'all', effect: 'allow', principals: { any_authenticated: true } }],
      },
      /no longer authorized by: allow policies/,
    ],
    'that adds a way in': [
      { auth_chains: [{ ...api, authenticate: [...api.authenticate, { api_key: { file: 'keys.txt' } }] }] },
      /can be entered by api-key, too/,
    ],
    'that drops a scope': [
      { auth_chains: [{ ...api, authenticate: [{ jwt: { provider: 'idp' } }] }] },
      /where it took jwt \(.*scope read/,
    ],
    'that takes another audience': [
      { jwt_providers: [testProvider({ audiences: ['api', 'web'] })] },
      /audience web/,
    ],
    'that takes keys from another place': [
      { jwt_providers: [testProvider({ jwks: { file: 'other.json' } })] },
      /keys of other.json/,
    ],
    'that takes tokens that live longer': [
      { jwt_providers: [testProvider({ max_lifetime: '3600s' })] },
      /3600 s/,
    ],
    'that takes tokens that never expire': [
      { jwt_providers: [testProvider({ require_expiration: false })] },
      /jwt/,
    ],
  };

  for (const [name, [changes, message]] of Object.entries(weaker)) {
    it(`${name} is refused`, () => {
      const lines = judged(changes);
      expect(lines.length).to.be.above(0);
      for (const line of lines) expect(line).to.match(/^AP1924 /);
      expect(lines.join('\n')).to.match(message);
    });
  }

  const fine: Readonly<Record<string, object>> = {
    'that changes nothing': {},
    'that adds a public route where there was none': {
      routes: [
        {
          name: 'main',
          virtual_hosts: [{ name: 'all', domains: ['*'], routes: [authRoute({ prefix: '/' }, 'up')] }],
        },
        { ...authRoutes([authRoute({ prefix: '/' }, 'up', PUBLIC)]), name: 'site' },
      ],
      listeners: [
        authListener({ port: 10_000, chain: 'api' }),
        authListener({ name: 'site', port: 10_009, chain: 'api', routes: 'site' }),
      ],
    },
    'that removes a route': { routes: [authRoutes([authRoute({ prefix: '/api/' }, 'up')])] },
    'that lets more people in by a policy': {
      policies: [{ ...member, principals: { jwt: { claims: { groups: { any: ['dev', 'ops'] } } } } }, banned],
    },
    'that adds a policy': {
      auth_chains: [{ ...api, authorize: { ...api.authorize, policies: ['member', 'banned', 'more'] } }],
      policies: [member, banned, { ...member, name: 'more' }],
    },
    'that demands more': {
      jwt_providers: [testProvider({ max_lifetime: '300s' })],
      auth_chains: [{ ...api, authenticate: [{ jwt: { provider: 'idp', scopes: ['read', 'write'] } }] }],
    },
    'that renames a chain': {
      listeners: [authListener({ port: 10_000, chain: 'renamed' })],
      auth_chains: [{ ...api, name: 'renamed' }],
    },
    'that removes the listener': { listeners: [], routes: [] },
  };

  for (const [name, changes] of Object.entries(fine)) {
    it(`${name} passes`, () => {
      expect(judged(changes)).to.deep.equal([]);
    });
  }

  it('takes narrower names of certificates and refuses wider ones', () => {
    const withNames = (...spiffe: readonly string[]) => ({
      auth_chains: [{ name: 'api', authenticate: [{ client_certificate: { spiffe } }] }],
    });
    const narrow = authOf({ ...BASE, ...withNames('spiffe://a.test/ns/*/sa/web') });
    const judge = (...spiffe: readonly string[]): number =>
      judgeWeakenings(narrow, authOf({ ...BASE, ...withNames(...spiffe) }), NOW_MS).length;
    expect(judge('spiffe://a.test/ns/shop/sa/web')).to.equal(0);
    expect(judge('spiffe://a.test/ns/*/sa/web', 'spiffe://a.test/ns/x/sa/web')).to.equal(0);
    expect(judge('spiffe://a.test/ns/**')).to.be.above(0);
    expect(judge('spiffe://a.test/ns/*/sa/*')).to.be.above(0);
    expect(judge('spiffe://a.test/ns/a/b/sa/web')).to.be.above(0);
  });
});

describe('a waiver', () => {
  const open = { auth_chains: [{ ...api, authorize: undefined }] };

  it('lets the edit pass with a warning that says why', () => {
    const [line = ''] = judged({ ...open, ...waiver({}) });
    expect(line).to.match(/^AP1925 .*waived: moves to the new site$/);
  });

  it('is for the route configurations that it names', () => {
    expect(judged({ ...open, ...waiver({ routes: ['ma*'] }) })[0]).to.match(/^AP1925/);
    expect(judged({ ...open, ...waiver({ routes: ['other'] }) })[0]).to.match(/^AP1924/);
  });

  it('ends when it expires, and the refusal says so', () => {
    const [line = ''] = judged({ ...open, ...waiver({ expires: '2026-11-01T00:00:00Z' }) });
    expect(line).to.match(/^AP1924 .*the waiver in line \d+ of a.yaml has expired$/);
  });
});
