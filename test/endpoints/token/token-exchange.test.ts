import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { readBundle, writeBundle } from '../../../src/tokens/macaroon/macaroon-format.ts';
import { TOKEN_TYPES } from '../../../src/tokens/oauth/token-types.ts';
import { TokenKey } from '../../support/jwt.ts';
import { errorOf, onEachDatabase, tokenOf } from '../../support/token-suite.ts';
import { ISSUER, thumbprintOf, type TokenWorld } from '../../support/token-world.ts';
import {
  attenuate,
  ciToken,
  CREDENTIALS,
  EXCHANGE,
  idToken,
  macaroonOf,
  personal,
  RUNNER,
  TOKEN,
} from '../../support/token-forms.ts';
import { waitFor } from '../../support/wait-for.ts';

onEachDatabase('token exchange', useWorld => {
  let world: TokenWorld;
  useWorld(made => (world = made));

  describe('token exchange (RFC 8693)', () => {
    it('gives an access token for a personal token, with its limits and claims', async () => {
      const { text } = await world.personalToken();
      const answer = await world.as('edge', TOKEN, personal(text));
      const claims = decodeJwt(tokenOf(answer));
      expect(claims).to.include({
        sub: 'user:1',
        aud: 'api',
        scope: 'read_api write_api',
        client_id: 'edge',
      });
      expect(claims['realm']).to.equal('saas');
      expect(answer.body['issued_token_type']).to.equal(TOKEN_TYPES.accessToken);
    });

    it('gives no more than the rule, the proof and the request say', async () => {
      const { text } = await world.personalToken({ scopes: ['read_api', 'admin'] });
      expect((await world.as('edge', TOKEN, personal(text))).body['scope']).to.equal('read_api');
      const form = { ...personal(text), scope: 'admin' };
      expect(errorOf(await world.as('edge', TOKEN, form))).to.deep.equal([400, 'invalid_scope']);
      const registry = { ...personal(text), audience: 'registry' };
      expect(errorOf(await world.as('edge', TOKEN, registry))).to.deep.equal([400, 'invalid_target']);
    });

    it('gives a token that ends no later than its proof', async () => {
      const { text } = await world.personalToken({ lifetimeMs: 20_000 });
      expect((await world.as('edge', TOKEN, personal(text))).body['expires_in']).to.be.within(15, 20);
    });

    it('refuses unknown, malformed, expired and revoked personal tokens alike', async () => {
      const { text, id } = await world.personalToken();
      const expired = await world.personalToken({ lifetimeMs: 1_000 });
      await world.stores.revokePersonalToken(id, Date.now(), {
        atMs: 0,
        actor: 'test',
        action: 'x',
        object: id,
        detail: {},
      });
      const other = await world.personalToken();
      const changed = other.text.replace(/.$/, last => (last === '0' ? '1' : '0'));
      await waitFor('the end of a token', async () => {
        const { body } = await world.as('edge', TOKEN, personal(expired.text));
        return body['error_description'] === 'the subject token is refused';
      });
      for (const token of [text, changed, expired.text, 'apat-x', 'x'.repeat(5_000)]) {
        const answer = await world.as('edge', TOKEN, personal(token));
        expect(errorOf(answer)).to.deep.equal([400, 'invalid_grant']);
        expect(answer.body['error_description']).to.equal('the subject token is refused');
      }
    });

    it('gives an access token for an ID token of a trusted issuer that has the claims', async () => {
      const claims = decodeJwt(tokenOf(await world.as('edge', TOKEN, idToken(ciToken()))));
      expect(claims).to.include({ sub: 'ci:project:7', scope: 'write_api', project_path: 'group/app' });
      expect(claims['ref_protected']).to.equal(undefined);
      expect(claims.iss).to.equal(ISSUER);
    });

    for (const [title, claims, error] of [
      ['of another issuer', { iss: 'https://evil.example' }, 'invalid_grant'],
      ['for another audience', { aud: 'https://other.example' }, 'invalid_grant'],
      ['that has expired', { exp: Math.floor(Date.now() / 1000) - 60 }, 'invalid_grant'],
      ['that is two hours old', { iat: Math.floor(Date.now() / 1000) - 7200 }, 'invalid_grant'],
      ['without subject', { sub: undefined }, 'invalid_grant'],
      ['without a claim that the rule needs', { ref_protected: false }, 'unauthorized_client'],
      ['with another claim than the rule needs', { project_path: 'group2/app' }, 'unauthorized_client'],
    ] as const) {
      it(`refuses an ID token ${title}`, async () => {
        expect(errorOf(await world.as('edge', TOKEN, idToken(ciToken(claims))))).to.deep.equal([400, error]);
      });
    }

    it('refuses an ID token of another key, and its own access tokens in its place', async () => {
      const forged = ciToken({}, new TokenKey('ci-1'));
      expect(errorOf(await world.as('edge', TOKEN, idToken(forged)))).to.deep.equal([400, 'invalid_grant']);
      const access = tokenOf(await world.as('edge', TOKEN, CREDENTIALS));
      expect(errorOf(await world.as('edge', TOKEN, idToken(access)))).to.deep.equal([400, 'invalid_grant']);
    });

    it('gives an access token for the certificate of the connection', async () => {
      const form = {
        ...EXCHANGE,
        client_id: 'runner',
        subject_token: thumbprintOf(RUNNER),
        subject_token_type: TOKEN_TYPES.clientCertificate,
      };
      const claims = decodeJwt(tokenOf(await world.post(TOKEN, form, RUNNER)));
      expect(claims).to.include({ sub: 'spiffe://a.test/runner', aud: 'api', scope: 'read_api' });
      const other = { ...form, subject_token: 'A'.repeat(43) };
      expect(errorOf(await world.post(TOKEN, other, RUNNER))).to.deep.equal([400, 'invalid_grant']);
    });

    it('needs both parameters of the subject, a known type, and no actor', async () => {
      const { text } = await world.personalToken();
      for (const form of [
        { ...personal(text), subject_token: '' },
        { ...personal(text), subject_token_type: '' },
        { ...personal(text), subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
        { ...personal(text), requested_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
        { ...personal(text), actor_token: 'x', actor_token_type: TOKEN_TYPES.jwt },
      ]) {
        expect(errorOf(await world.as('edge', TOKEN, form))).to.deep.equal([400, 'invalid_request']);
      }
    });

    it('refuses a client that no rule names', async () => {
      const { text } = await world.personalToken();
      expect(errorOf(await world.as('slow', TOKEN, personal(text)))[1]).to.be.oneOf([
        'unauthorized_client',
        'slow_down',
      ]);
    });
  });

  describe('macaroons', () => {
    async function macaroon(): Promise<string> {
      const { text } = await world.personalToken();
      const answer = await world.as('edge', TOKEN, {
        ...personal(text),
        requested_token_type: TOKEN_TYPES.macaroon,
      });
      expect(answer.body).to.include({ token_type: 'N_A', issued_token_type: TOKEN_TYPES.macaroon });
      return tokenOf(answer);
    }

    it('are exchanged with the limits that their holder has added', async () => {
      const whole = await macaroon();
      const narrowed = attenuate(whole, 'scope read_api', 'project 7,8', 'aud api', 'project 7');
      const form = { ...macaroonOf(narrowed), audience: 'api' };
      const claims = decodeJwt(tokenOf(await world.as('edge', TOKEN, form)));
      expect(claims).to.include({ sub: 'user:1', scope: 'read_api' });
      expect(claims['projects']).to.deep.equal(['7']);
      expect(decodeJwt(tokenOf(await world.as('edge', TOKEN, macaroonOf(whole))))['scope']).to.equal(
        'read_api write_api',
      );
    });

    it('end when a caveat says so, and so does what is made of them', async () => {
      const nowS = Math.floor(Date.now() / 1000);
      const soon = attenuate(await macaroon(), `exp ${nowS + 30}`);
      expect((await world.as('edge', TOKEN, macaroonOf(soon))).body['expires_in']).to.be.within(20, 30);
      const over = attenuate(await macaroon(), `exp ${nowS - 1}`);
      expect(errorOf(await world.as('edge', TOKEN, macaroonOf(over)))).to.deep.equal([400, 'invalid_grant']);
    });

    it('are refused when a caveat asks for what the token endpoint does not see, is unknown, or the signature does not hold', async () => {
      const whole = await macaroon();
      const { macaroon: parsed } = readBundle(attenuate(whole, 'scope read_api'));
      const stripped = writeBundle({ macaroon: { ...parsed, caveats: [] }, discharges: [] });
      for (const token of [
        attenuate(whole, 'method GET'),
        attenuate(whole, 'path /api'),
        attenuate(whole, 'cidr 0.0.0.0/0'),
        attenuate(whole, 'color blue'),
        attenuate(whole, `cnf ${'A'.repeat(43)}`),
        stripped,
        'AgEDbm90',
      ]) {
        expect(errorOf(await world.as('edge', TOKEN, macaroonOf(token)))).to.deep.equal([
          400,
          'invalid_grant',
        ]);
      }
    });

    it('bound to a certificate are exchanged over a connection with it', async () => {
      const bound = attenuate(await macaroon(), `cnf ${thumbprintOf(RUNNER)}`);
      const form = { ...macaroonOf(bound), client_id: 'runner' };
      tokenOf(await world.post(TOKEN, form, RUNNER));
      expect(errorOf(await world.as('edge', TOKEN, macaroonOf(bound)))).to.deep.equal([400, 'invalid_grant']);
    });

    it('are not exchanged for other macaroons', async () => {
      const form = { ...macaroonOf(await macaroon()), requested_token_type: TOKEN_TYPES.macaroon };
      expect(errorOf(await world.as('edge', TOKEN, form))).to.deep.equal([400, 'invalid_request']);
    });
  });
});
