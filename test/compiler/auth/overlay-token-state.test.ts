import { expect } from 'chai';
import {
  overlayTokenState,
  strangeIssuers,
  usesTokenService,
  type TokenOverlay,
} from '../../../src/compiler/auth/overlay-token-state.ts';
import { PLACEHOLDER_KID } from '../../../src/compiler/auth/token-service-keys.ts';
import { resourcesOf, type Snapshot } from '../../../src/resources/snapshot.ts';
import { EXTENSION_CONFIG } from '../../../src/resources/type-url.ts';
import { compile } from '../../support/compile.ts';
import { decodeResource } from '../../support/decode-resource.ts';
import { authListener, authRoute, authRoutes, loopbackCluster } from '../../support/auth-snapshot.ts';
import { jwksOf, TokenKey } from '../../support/jwt.ts';
import { testSchema } from '../../support/schema.ts';

const OWN_KEYS = jwksOf([new TokenKey('own')]);

function compiled(): Snapshot {
  const file = {
    listeners: [authListener({ port: 1, chain: 'both' })],
    clusters: [loopbackCluster('up', 2)],
    routes: [authRoutes([authRoute({ prefix: '/' }, 'up')])],
    jwt_providers: [
      { name: 'sts', issuer: 'https://sts.test', audiences: ['api'], jwks: { token_service: true } },
      { name: 'other', issuer: 'https://other.test', audiences: ['api'], jwks: { file: '/keys.json' } },
    ],
    auth_chains: [
      { name: 'both', authenticate: [{ jwt: { provider: 'sts' } }, { jwt: { provider: 'other' } }] },
      { name: 'plain', authenticate: [{ jwt: { provider: 'other' } }] },
    ],
  };
  const result = compile(JSON.stringify(file), { assets: { '/keys.json': OWN_KEYS } });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

const OVERLAY: TokenOverlay = {
  jwks: jwksOf([new TokenKey('sts-1')]),
  revocations: {
    entries: [
      { claim: 'jti', value: 'gone', issuedBefore: 5 },
      { claim: 'sub', value: 'user:1', issuedBefore: 7 },
    ],
    issuedBefore: undefined,
  },
};

const textOf = (snapshot: Snapshot): string =>
  JSON.stringify([...resourcesOf(snapshot, EXTENSION_CONFIG).byName.values()].map(decodeResource));

describe('overlayTokenState', () => {
  const plain = compiled();

  it('finds a place-holder that Envoy would take and no token fits', () => {
    expect(usesTokenService(plain)).to.equal(true);
    expect(textOf(plain))
      .to.contain(PLACEHOLDER_KID)
      .and.contain('both/revoked')
      .and.not.contain('plain/revoked');
  });

  it('puts keys and revocations in its place, and touches nothing else', () => {
    const made = overlayTokenState(testSchema(), plain, OVERLAY);
    const text = textOf(made);
    expect(text).to.not.contain(PLACEHOLDER_KID);
    for (const expected of ['sts-1', 'gone', 'user:1', 'https://sts.test']) expect(text).to.contain(expected);
    expect(text).to.contain('\\"own\\"');
    const before = resourcesOf(plain, EXTENSION_CONFIG).byName;
    const changed = [...resourcesOf(made, EXTENSION_CONFIG).byName.values()].filter(
      resource => before.get(resource.name) !== resource,
    );
    expect(changed).to.have.length(1);
    expect(made.version).to.not.equal(plain.version);
    expect(made.auth).to.equal(plain.auth);
  });

  it('tells of chains that take its tokens under another issuer', () => {
    expect(strangeIssuers(plain, 'https://sts.test')).to.deep.equal([]);
    expect(strangeIssuers(plain, 'https://auth.test')).to.deep.equal(['both']);
  });

  it('gives the same bytes for the same state, on every replica', () => {
    const made = overlayTokenState(testSchema(), plain, OVERLAY);
    expect(overlayTokenState(testSchema(), compiled(), OVERLAY).version).to.equal(made.version);
  });

  it('leaves a snapshot alone that has no such chain', () => {
    const result = compile(JSON.stringify({ clusters: [loopbackCluster('up', 2)] }));
    if (!result.ok) throw new Error('not compiled');
    expect(overlayTokenState(testSchema(), result.value, OVERLAY)).to.equal(result.value);
  });
});
