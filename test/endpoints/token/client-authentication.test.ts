import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { TokenKey } from '../../support/jwt.ts';
import { errorOf, onEachDatabase, tokenOf } from '../../support/token-suite.ts';
import { assertionOf, AUTHORITY, ISSUER, thumbprintOf, type TokenWorld } from '../../support/token-world.ts';
import { CREDENTIALS, RUNNER, TOKEN } from '../../support/token-forms.ts';

onEachDatabase('clients of the token service', useWorld => {
  let world: TokenWorld;
  useWorld(made => (world = made));

  describe('client authentication (RFC 6749 2.3, RFC 7523, RFC 8705)', () => {
    it('takes a signed assertion for the issuer or the token endpoint', async () => {
      tokenOf(await world.as('edge', TOKEN, CREDENTIALS));
      tokenOf(await world.as('edge', TOKEN, CREDENTIALS, { aud: `${ISSUER}/oauth2/token` }));
    });

    for (const [title, claims] of [
      ['for another audience', { aud: 'https://other.example' }],
      ['for several audiences', { aud: [ISSUER, 'https://other.example'] }],
      ['that has expired', { exp: Math.floor(Date.now() / 1000) - 60 }],
      ['that never expires', { exp: undefined }],
      ['that is valid for an hour', { exp: Math.floor(Date.now() / 1000) + 3600 }],
      ['of the future', { iat: Math.floor(Date.now() / 1000) + 60, exp: Math.floor(Date.now() / 1000) + 90 }],
      ['without jti', { jti: undefined }],
      ['with a huge jti', { jti: 'x'.repeat(300) }],
      ['about another subject', { sub: 'runner' }],
      ['of an unknown client', { iss: 'nobody', sub: 'nobody' }],
      ['of a client that uses certificates', { iss: 'runner', sub: 'runner' }],
    ] as const) {
      it(`refuses an assertion ${title}`, async () => {
        expect(errorOf(await world.as('edge', TOKEN, CREDENTIALS, claims))).to.deep.equal([
          401,
          'invalid_client',
        ]);
      });
    }

    it('refuses an assertion that was used before, also by two at once', async () => {
      const form = { ...CREDENTIALS, ...assertionOf('edge') };
      const answers = await Promise.all([1, 2, 3].map(() => world.post(TOKEN, form)));
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 401, 401]);
    });

    it('refuses an assertion of another key, and one of another type', async () => {
      const nowS = Math.floor(Date.now() / 1000);
      const claims = { iss: 'edge', sub: 'edge', aud: ISSUER, exp: nowS + 60, jti: randomUUID() };
      const forged = { ...assertionOf('edge'), client_assertion: new TokenKey('edge-1').sign(claims) };
      expect(errorOf(await world.post(TOKEN, { ...CREDENTIALS, ...forged }))).to.deep.equal([
        401,
        'invalid_client',
      ]);
      const saml = {
        ...assertionOf('edge'),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
      };
      expect(errorOf(await world.post(TOKEN, { ...CREDENTIALS, ...saml }))).to.deep.equal([
        401,
        'invalid_client',
      ]);
    });

    it('refuses secrets of clients, a wrong client_id beside an assertion, and nobody', async () => {
      const headers = { authorization: 'Basic ZWRnZTpzZWNyZXQ=' };
      const body = 'grant_type=client_credentials';
      const basic = await world.send('POST', TOKEN, { body, headers });
      expect(errorOf(basic)).to.deep.equal([401, 'invalid_client']);
      expect(basic.headers['www-authenticate']).to.equal('Basic realm="authplane"');
      for (const form of [
        { ...CREDENTIALS, client_id: 'edge', client_secret: 'x' },
        { ...CREDENTIALS, ...assertionOf('edge'), client_id: 'runner' },
        { ...CREDENTIALS, client_id: 'edge' },
        CREDENTIALS,
      ]) {
        expect(errorOf(await world.post(TOKEN, form))).to.deep.equal([401, 'invalid_client']);
      }
    });

    it('takes a client certificate with the name of the client, and binds tokens to it', async () => {
      const form = { ...CREDENTIALS, client_id: 'runner' };
      const claims = decodeJwt(tokenOf(await world.post(TOKEN, form, RUNNER)));
      expect(claims['cnf']).to.deep.equal({ 'x5t#S256': thumbprintOf(RUNNER) });
      for (const other of [
        AUTHORITY.issue({ uris: ['spiffe://a.test/other'] }),
        AUTHORITY.issue({ uris: ['spiffe://a.test/runner', 'spiffe://a.test/other'] }),
        AUTHORITY.issue({ dnsNames: ['spiffe', 'runner'] }),
      ]) {
        expect(errorOf(await world.post(TOKEN, form, other))).to.deep.equal([401, 'invalid_client']);
      }
      expect(errorOf(await world.post(TOKEN, form))).to.deep.equal([401, 'invalid_client']);
    });
  });
});
