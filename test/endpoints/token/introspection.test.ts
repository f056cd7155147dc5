import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { TOKEN_TYPES } from '../../../src/tokens/oauth/token-types.ts';
import { TokenKey } from '../../support/jwt.ts';
import { errorOf, onEachDatabase, tokenOf } from '../../support/token-suite.ts';
import { ISSUER, type TokenWorld } from '../../support/token-world.ts';
import {
  attenuate,
  ciToken,
  CREDENTIALS,
  macaroonOf,
  personal,
  RUNNER,
  TOKEN,
} from '../../support/token-forms.ts';

onEachDatabase('introspection', useWorld => {
  let world: TokenWorld;
  useWorld(made => (world = made));

  describe('introspection (RFC 7662) and revocation (RFC 7009)', () => {
    const ask = async (token: string): Promise<unknown> =>
      (await world.as('edge', '/oauth2/introspect', { token })).body;

    it('says what a token says, to a client that may ask about its audience', async () => {
      const token = tokenOf(await world.as('edge', TOKEN, CREDENTIALS));
      expect(await ask(token)).to.include({
        active: true,
        token_type: 'Bearer',
        sub: 'edge',
        aud: 'api',
        iss: ISSUER,
      });
      const registry = tokenOf(await world.post(TOKEN, { ...CREDENTIALS, client_id: 'runner' }, RUNNER));
      expect(await ask(registry)).to.deep.equal({ active: false });
      expect(await ask((await world.personalToken()).text)).to.include({ active: true, sub: 'user:1' });
    });

    it('says only "not active" of everything else', async () => {
      for (const token of ['x', 'a.b.c', ciToken(), 'apat-1']) {
        expect(await ask(token)).to.deep.equal({ active: false });
      }
    });

    it('answers only clients that may ask', async () => {
      expect(errorOf(await world.post('/oauth2/introspect', { token: 'x' }))).to.deep.equal([
        401,
        'invalid_client',
      ]);
      const form = { token: 'x', client_id: 'runner' };
      expect(errorOf(await world.post('/oauth2/introspect', form, RUNNER))).to.deep.equal([
        400,
        'unauthorized_client',
      ]);
      expect(errorOf(await world.as('edge', '/oauth2/introspect', {}))).to.deep.equal([
        400,
        'invalid_request',
      ]);
    });

    it('ends a token at once, and a second time is no error', async () => {
      const token = tokenOf(await world.as('edge', TOKEN, CREDENTIALS));
      for (let time = 0; time < 2; time++) {
        const answer = await world.as('edge', '/oauth2/revoke', { token, token_type_hint: 'nonsense' });
        expect([answer.status, answer.body]).to.deep.equal([200, {}]);
        expect(await ask(token)).to.deep.equal({ active: false });
      }
      expect((await world.as('edge', '/oauth2/revoke', { token: 'unknown' })).status).to.equal(200);
    });

    it('refuses to end the token of another client', async () => {
      const token = tokenOf(await world.post(TOKEN, { ...CREDENTIALS, client_id: 'runner' }, RUNNER));
      expect(errorOf(await world.as('edge', '/oauth2/revoke', { token }))).to.deep.equal([
        400,
        'unauthorized_client',
      ]);
      expect(errorOf(await world.post('/oauth2/revoke', { token }))).to.deep.equal([401, 'invalid_client']);
    });

    it('ends personal tokens and macaroons, and with them all that could be made of them', async () => {
      const { text } = await world.personalToken();
      const form = { ...personal(text), requested_token_type: TOKEN_TYPES.macaroon };
      const macaroon = tokenOf(await world.as('edge', TOKEN, form));
      await world.as('edge', '/oauth2/revoke', { token: attenuate(macaroon, 'method GET') });
      expect(errorOf(await world.as('edge', TOKEN, macaroonOf(macaroon)))).to.deep.equal([
        400,
        'invalid_grant',
      ]);
      await world.as('edge', '/oauth2/revoke', { token: text });
      expect(errorOf(await world.as('edge', TOKEN, personal(text)))).to.deep.equal([400, 'invalid_grant']);
    });
  });

  describe('attacks on the verifier', () => {
    it('are all "not active"', async () => {
      const token = tokenOf(await world.as('edge', TOKEN, CREDENTIALS));
      const [head = '', payload = '', signature = ''] = token.split('.');
      const header = decodeProtectedHeader(token);
      const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const own = new TokenKey(String(header.kid), privateKey);
      const claims = decodeJwt(token);
      const other = decodeJwt(token);
      for (const [title, forged] of Object.entries({
        'no signature': `${head}.${payload}.`,
        'two parts': `${head}.${payload}`,
        none: `${encode({ ...header, alg: 'none' })}.${payload}.`,
        nOnE: `${encode({ ...header, alg: 'nOnE' })}.${payload}.${signature}`,
        'another key of the same kid': own.sign({ ...claims }),
        'an embedded key': `${encode({ ...header, jwk: publicKey.export({ format: 'jwk' }) })}.${payload}.${signature}`,
        'another payload': `${head}.${encode({ ...other, sub: 'admin' })}.${signature}`,
        'an unknown kid': `${encode({ ...header, kid: '../../dev/null' })}.${payload}.${signature}`,
        'no kid': `${encode({ alg: 'ES256', typ: 'at+jwt' })}.${payload}.${signature}`,
        'another typ': `${encode({ ...header, typ: 'JWT' })}.${payload}.${signature}`,
        'HS256 by the public key': `${encode({ ...header, alg: 'HS256' })}.${payload}.${signature}`,
        'an unknown critical header': `${encode({ ...header, crit: ['x'], x: 1 })}.${payload}.${signature}`,
        'blanks in it': `${head}. ${payload}.${signature}`,
        'a huge one': `${head}.${payload}${'A'.repeat(10_000)}.${signature}`,
      })) {
        const answer = await world.as('edge', '/oauth2/introspect', { token: forged });
        expect(answer.body, title).to.deep.equal({ active: false });
      }
      expect((await world.as('edge', '/oauth2/introspect', { token })).body).to.include({ active: true });
    });
  });
});
