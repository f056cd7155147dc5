import { expect } from 'chai';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { TokenRequests } from '../../../src/token-service/token-requests.ts';
import { errorOf, onEachDatabase, tokenOf } from '../../support/token-suite.ts';
import { AUTHORITY, ISSUER, type TokenWorld, type FormValues } from '../../support/token-world.ts';
import { CREDENTIALS, TOKEN } from '../../support/token-forms.ts';

onEachDatabase('the token endpoint', useWorld => {
  let world: TokenWorld;
  useWorld(made => (world = made));

  describe('access tokens (RFC 6749 4.4, RFC 9068)', () => {
    it('have the header and claims of the profile, and verify with the published keys', async () => {
      const answer = await world.as('edge', TOKEN, { ...CREDENTIALS, scope: 'read_api' });
      const token = tokenOf(answer);
      expect(answer.body).to.include({ token_type: 'Bearer', expires_in: 300, scope: 'read_api' });
      expect(answer.headers['cache-control']).to.equal('no-store');
      const { alg, typ, kid } = decodeProtectedHeader(token);
      expect([alg, typ]).to.deep.equal(['ES256', 'at+jwt']);
      const jwks = (await world.send('GET', '/jwks.json')).body as unknown as JSONWebKeySet;
      expect(jwks.keys.map(key => key.kid)).to.include(kid);
      const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
        issuer: ISSUER,
        audience: 'api',
      });
      const { iat = 0, exp = 0, nbf, jti, ...rest } = payload;
      expect(exp - iat).to.equal(300);
      expect([nbf, typeof jti]).to.deep.equal([iat, 'string']);
      expect(rest).to.deep.equal({
        iss: ISSUER,
        sub: 'edge',
        aud: 'api',
        client_id: 'edge',
        scope: 'read_api',
      });
    });

    it('are for one audience that the client may have', async () => {
      const ask = async (form: FormValues) =>
        errorOf(await world.as('edge', TOKEN, { ...CREDENTIALS, ...form }));
      expect(await ask({ audience: 'registry' })).to.deep.equal([400, 'invalid_target']);
      expect(await ask({ audience: ['api', 'registry'] })).to.deep.equal([400, 'invalid_target']);
      expect(await ask({ audience: 'api', resource: 'api' })).to.deep.equal([400, 'invalid_target']);
      expect(await ask({ audience: 'unknown' })).to.deep.equal([400, 'invalid_target']);
      expect((await ask({ audience: 'api' }))[0]).to.equal(200);
    });

    it('have only scopes that the client may have, and all of them when it asks for none', async () => {
      const ask = (scope: string) => world.as('edge', TOKEN, { ...CREDENTIALS, scope });
      expect((await ask('')).body['scope']).to.equal('read_api');
      for (const scope of ['write_api', 'read_api admin', 'read_api  x', 'a"b']) {
        expect(errorOf(await ask(scope)), scope).to.deep.equal([400, 'invalid_scope']);
      }
    });

    it('are not for a client without audiences', async () => {
      const idle = AUTHORITY.issue({ dnsNames: ['idle.a.test'] });
      expect(errorOf(await world.post(TOKEN, { ...CREDENTIALS, client_id: 'idle' }, idle))).to.deep.equal([
        400,
        'unauthorized_client',
      ]);
    });
  });

  describe('requests (RFC 6749 3.2, 5.2)', () => {
    it('need a known grant type, once', async () => {
      expect(errorOf(await world.as('edge', TOKEN, {}))).to.deep.equal([400, 'invalid_request']);
      expect(errorOf(await world.as('edge', TOKEN, { grant_type: '' }))).to.deep.equal([
        400,
        'invalid_request',
      ]);
      const twice = { grant_type: ['client_credentials', 'client_credentials'] };
      expect(errorOf(await world.as('edge', TOKEN, twice))).to.deep.equal([400, 'invalid_request']);
      for (const grant_type of ['password', 'authorization_code', 'refresh_token']) {
        expect(errorOf(await world.as('edge', TOKEN, { grant_type }))).to.deep.equal([
          400,
          'unsupported_grant_type',
        ]);
      }
    });

    it('are forms, by POST, of bounded size', async () => {
      const json = { body: '{}', headers: { 'content-type': 'application/json' } };
      expect((await world.send('POST', TOKEN, json)).status).to.equal(415);
      expect((await world.send('GET', `${TOKEN}?grant_type=client_credentials`)).status).to.equal(404);
      expect((await world.send('POST', TOKEN, { body: `a=${'x'.repeat(70_000)}` })).status).to.equal(413);
      expect((await world.send('POST', TOKEN, { body: 'a=1&'.repeat(60) })).status).to.equal(400);
      expect((await world.send('POST', TOKEN)).status).to.equal(400);
    });

    it('are answered with a correlation id and never with a stack trace', async () => {
      const answer = await world.post(TOKEN, { grant_type: 'password' });
      expect(answer.body['correlation_id']).to.equal(answer.headers['x-correlation-id']);
      expect(JSON.stringify(answer.body)).to.not.match(/\bat \S+\.ts|Error:/);
      const other = await world.send('GET', '/nothing');
      expect([other.status, other.body['error']]).to.deep.equal([404, 'invalid_request']);
    });

    it('are limited for each client', async () => {
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => world.as('slow', TOKEN, CREDENTIALS)));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).to.be.at.least(2);
      expect(refused[0]?.headers['retry-after']).to.equal('1');
      tokenOf(await world.as('edge', TOKEN, CREDENTIALS));
    });
  });

  it('limits what one address may ask for without proving who it is', async () => {
    const requests = new TokenRequests(world.service);
    const ask = (address: string) =>
      requests.token({
        form: new Map([['grant_type', ['client_credentials']]]),
        certificate: undefined,
        hasAuthorization: false,
        address,
        correlationId: 'c',
      });
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask('192.0.2.1')));
    const errors = answers.map(answer => (answer.kind === 'refused' ? answer.error : ''));
    expect(errors.filter(error => error === 'slow_down').length).to.be.within(5, 10);
    expect(await ask('192.0.2.2')).to.include({ error: 'invalid_client' });
  });

  it('describes itself (RFC 8414, OpenAPI)', async () => {
    const { body } = await world.send('GET', '/.well-known/oauth-authorization-server');
    expect(body).to.include({
      issuer: ISSUER,
      token_endpoint: `${ISSUER}/oauth2/token`,
      jwks_uri: `${ISSUER}/jwks.json`,
    });
    expect(body['token_endpoint_auth_methods_supported']).to.deep.equal([
      'private_key_jwt',
      'tls_client_auth',
    ]);
    const openApi = (await world.send('GET', '/openapi.json')).body;
    expect(Object.keys(openApi['paths'] as object)).to.include.members([TOKEN, '/jwks.json']);
  });

  it('publishes public keys only', async () => {
    const { body, headers } = await world.send('GET', '/jwks.json');
    for (const key of body['keys'] as readonly Readonly<Record<string, unknown>>[]) {
      expect(Object.keys(key).sort()).to.deep.equal(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    }
    expect(headers['cache-control']).to.equal('public, max-age=60');
  });

  it('puts every token into the audit, and no token itself', async () => {
    const token = tokenOf(await world.as('edge', TOKEN, CREDENTIALS));
    const entries = await world.stores.readAudit(0, 10_000);
    const minted = entries.find(({ object }) => object === decodeJwt(token).jti);
    expect(minted).to.include({ action: 'token.minted', actor: 'client:edge' });
    expect(JSON.stringify(entries))
      .to.not.contain(token.split('.')[2] ?? '')
      .and.not.contain('apat-');
  });
});
