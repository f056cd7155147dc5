import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testProvider,
} from '../../support/auth-snapshot.ts';
import { compile } from '../../support/compile.ts';
import { jwksOf, TokenKey } from '../../support/jwt.ts';

/** What makes a file bad, the code that must be among its errors, and what the message says. */
export type Refusal = readonly [changes: object, code: string, message: RegExp];

/** A secret that no diagnostic may tell. */
export const CANARY = 'canary0123456789';
const key = new TokenKey();
/** What type URLs of HTTP filters start with. */
export const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';
/** A public selection. */
export const PUBLIC = { public: { reason: 'everybody may see it' } } as const;
const withoutAlg = JSON.stringify({ keys: [{ ...key.publicJwk, alg: undefined }] });

const assets = {
  '/snapshots/jwks.json': jwksOf([key]),
  '/snapshots/oct.json': JSON.stringify({ keys: [{ kty: 'oct', k: CANARY, kid: 'a', alg: 'HS256' }] }),
  '/snapshots/no-alg.json': withoutAlg,
  '/snapshots/empty.json': '{"keys":[]}',
  '/snapshots/text.json': CANARY,
  '/snapshots/keys.txt': 'ci:0123456789abcdef\n',
  '/snapshots/bad-keys.txt': `no colon\nci:short\nci:${CANARY}\nother:${CANARY}\n`,
  '/snapshots/no-keys.txt': '# nobody\n',
  '/snapshots/users.txt': `alice:{SHA}${'A'.repeat(27)}=\n`,
  '/snapshots/bad-users.txt': `alice:$apr1$${CANARY}\nbob:{SHA}${CANARY}\n`,
};

/** The chain `api`. */
export const chain = (fields: object = {}) => ({
  name: 'api',
  authenticate: [{ jwt: { provider: 'idp' } }],
  ...fields,
});
const policy = (fields: object = {}) => ({
  name: 'devs',
  effect: 'allow',
  principals: { jwt: {} },
  ...fields,
});
/** The chain with these policies. */
export const authorized = (...policies: readonly object[]) => ({
  auth_chains: [chain({ authorize: { policies: policies.map((_, index) => `p${index}`) } })],
  policies: policies.map((fields, index) => policy({ name: `p${index}`, ...fields })),
});
/** The listener with these options. */
export const listener = (fields: Partial<Parameters<typeof authListener>[0]> = {}) => ({
  listeners: [authListener({ port: 10_000, chain: 'api', ...fields })],
});
/** An HTTP filter. */
export const filter = (name: string, type: string, fields: object = {}) => ({
  name,
  typed_config: { '@type': `${HTTP}.${type}`, ...fields },
});
/** The route configuration with these routes. */
export const routes = (...list: readonly object[]) => ({ routes: [authRoutes(list)] });
/** A route with one per-filter configuration. */
export const perFilter = (name: string, config: object) => ({
  match: { prefix: '/' },
  route: { cluster: 'up' },
  typed_per_filter_config: { [name]: config },
});
/** The type URL of FilterConfig. */
export const FILTER_CONFIG = 'type.googleapis.com/envoy.config.route.v3.FilterConfig';

const BASE = {
  listeners: [authListener({ port: 10_000, chain: 'api' })],
  clusters: [loopbackCluster('up', 10_001)],
  routes: [authRoutes([authRoute({ prefix: '/' }, 'up')])],
  jwt_providers: [testProvider()],
  auth_chains: [chain()],
  policies: [],
};

/** The good file with these changes, compiled. */
export function compiled(changes: object) {
  return compile(JSON.stringify({ ...BASE, ...changes }, undefined, 1), { assets });
}
