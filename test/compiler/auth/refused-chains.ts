import { authRoute, testProvider } from '../../support/auth-snapshot.ts';
import { chain, authorized, listener, routes, type Refusal } from './refusal-base.ts';

/** Mistakes in providers, chains and policies. */
export const REFUSED_CHAINS: Readonly<Record<string, Refusal>> = {
  'an unknown chain in a listener': [listener({ chain: 'apj' }), 'AP1901', /"apj", did you mean "api"/],
  'an unknown chain in a route': [
    routes(authRoute({ prefix: '/' }, 'up', { chain: 'x' })),
    'AP1901',
    /chain "x"/,
  ],
  'an unknown provider': [
    { auth_chains: [chain({ authenticate: [{ jwt: { provider: 'ipd' } }] })] },
    'AP1901',
    /"ipd"/,
  ],
  'an exchange for tokens of other keys': [
    {
      auth_chains: [
        chain({ authenticate: [{ exchange: { provider: 'idp', cluster: 'up', client: 'proxies' } }] }),
      ],
    },
    'AP1930',
    /"idp" has not the keys/,
  ],
  'an unknown policy': [{ auth_chains: [chain({ authorize: { policies: ['x'] } })] }, 'AP1901', /policy "x"/],
  'two chains of one name': [{ auth_chains: [chain(), chain()] }, 'AP1902', /auth chain "api"/],
  'two providers of one name': [
    { jwt_providers: [testProvider(), testProvider()] },
    'AP1902',
    /provider "idp"/,
  ],
  'a key set that is not there': [
    { jwt_providers: [testProvider({ jwks: { file: 'x.json' } })] },
    'AP1903',
    /does not exist/,
  ],
  'symmetric keys': [
    { jwt_providers: [testProvider({ jwks: { file: 'oct.json' } })] },
    'AP1904',
    /symmetric/,
  ],
  'keys without alg': [
    { jwt_providers: [testProvider({ jwks: { file: 'no-alg.json' } })] },
    'AP1904',
    /no alg/,
  ],
  'a key set without keys': [
    { jwt_providers: [testProvider({ jwks: { file: 'empty.json' } })] },
    'AP1904',
    /no key/,
  ],
  'a key set that is no JSON': [
    { jwt_providers: [testProvider({ jwks: { file: 'text.json' } })] },
    'AP1904',
    /not JSON/,
  ],
  'a key set without TLS': [
    { jwt_providers: [testProvider({ jwks: { url: 'http://idp.test/k' } })] },
    'AP1929',
    /without TLS/,
  ],
  'API keys in a bad form': [
    { auth_chains: [chain({ authenticate: [{ api_key: { file: 'bad-keys.txt' } }] })] },
    'AP1905',
    /line 1 .*not client:key|line 2 .*too short|line 4 .*stands before/,
  ],
  'no API keys': [
    { auth_chains: [chain({ authenticate: [{ api_key: { file: 'no-keys.txt' } }] })] },
    'AP1905',
    /no key/,
  ],
  'password hashes of another kind': [
    { auth_chains: [chain({ authenticate: [{ basic: { file: 'bad-users.txt' } }] })] },
    'AP1906',
    /line [12] of the file/,
  ],
  'a policy for nobody in particular': [authorized({ principals: {} }), 'AP1907', /who is meant/],
  'an emptied claim': [
    authorized({ principals: { jwt: { claims: { groups: {} } } } }),
    'AP1907',
    /claim "groups"/,
  ],
  'emptied requests': [authorized({ requests: {} }), 'AP1907', /which requests/],
  'an emptied header': [authorized({ requests: { headers: { 'x-a': {} } } }), 'AP1907', /which requests/],
  'an emptied authorization': [{ auth_chains: [chain({ authorize: {} })] }, 'AP1907', /empty "authorize"/],
  'no names of certificates': [
    { auth_chains: [chain({ authenticate: [{ client_certificate: {} }] })] },
    'AP1907',
    /certificates/,
  ],
  'policies that only deny': [authorized({ effect: 'deny' }), 'AP1908', /no enforced policy/],
  'policies that only watch': [authorized({ mode: 'shadow' }), 'AP1908', /no enforced policy/],
  'CEL that cannot be read': [authorized({ when: 'request.method ==' }), 'AP1909', /expecting/],
  'CEL with a comprehension': [
    authorized({ when: 'claims.groups.exists(g, g == "a")' }),
    'AP1910',
    /comprehensions/,
  ],
  'CEL with an unknown attribute': [authorized({ when: 'request.foo == "a"' }), 'AP1910', /request.foo/],
  'more than 200 policies': [
    authorized(...Array.from({ length: 201 }, () => ({}))),
    'AP1911',
    /201 policies/,
  ],
  'more than 30 policies with CEL': [
    authorized(...Array.from({ length: 31 }, () => ({ when: 'request.method == "GET"' }))),
    'AP1911',
    /31 policies with "when"/,
  ],
};
