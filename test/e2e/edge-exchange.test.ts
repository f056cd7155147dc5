import { expect } from 'chai';
import { createRemoteJWKSet, decodeJwt, jwtVerify, type JWTPayload } from 'jose';
import { readBundle, writeBundle } from '../../src/tokens/macaroon/macaroon-format.ts';
import { addCaveat } from '../../src/tokens/macaroon/macaroon.ts';
import { TOKEN_TYPES } from '../../src/tokens/oauth/token-types.ts';
import type { HttpClient, PlainRequest } from '../support/http-client.ts';
import { TokenKey } from '../support/jwt.ts';
import { TokenEdge } from '../support/token-edge.ts';
import type { UpstreamAnswer } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

describe('exchange at the edge with a real Envoy', function () {
  this.timeout(60_000);
  this.bail(true);
  let edge: TokenEdge;
  let client: HttpClient;
  let personalToken: string;
  let personalId: string;

  before(async () => {
    edge = await TokenEdge.start('ads-delta', 'postgres');
    client = edge.client();
    const wish = [
      '--personal',
      '--subject',
      'user:1',
      '--audience',
      'api',
      '--scope',
      'read_api',
      '--name',
      'laptop',
    ];
    const made = await edge.command('token', 'mint', ...wish);
    expect(made.code, made.stderr).to.equal(0);
    personalToken = made.stdout.trim();
    personalId = /^personal token (\S+),/.exec(made.stderr)?.[1] ?? '';
  });

  after(async () => {
    client[Symbol.dispose]();
    await edge[Symbol.asyncDispose]();
  });

  /** What a service behind does: it verifies the token by itself, and refuses a request without one (undefined). */
  async function serviceBehind({
    authorization,
  }: UpstreamAnswer['headers']): Promise<JWTPayload | undefined> {
    const { tokenPort } = edge.environment.authplane;
    const jwks = createRemoteJWKSet(new URL(`http://127.0.0.1:${tokenPort}/jwks.json`));
    const rules = { issuer: 'http://127.0.0.1:18100', audience: 'api', typ: 'at+jwt' };
    const token = (authorization ?? '').replace(/^Bearer /, '');
    return jwtVerify(token, jwks, rules).then(
      ({ payload }) => payload,
      () => undefined,
    );
  }

  /** What reached the service behind, which must have let it in. */
  async function passed(request: PlainRequest) {
    const answer = await client.request({ path: '/api/v4/user', ...request });
    expect(answer.status, answer.body).to.equal(200);
    const { headers } = JSON.parse(answer.body) as UpstreamAnswer;
    const payload = await serviceBehind(headers);
    if (payload === undefined) throw new Error('the service behind refuses it');
    return { headers, payload };
  }

  it('turns a personal token into an access token of five minutes, which the service behind verifies by itself', async () => {
    for (const request of [
      { headers: { 'private-token': personalToken } },
      { headers: { authorization: `Bearer ${personalToken}` } },
    ]) {
      const { headers, payload } = await passed(request);
      expect(payload).to.include({ sub: 'user:1', client_id: 'proxies', scope: 'read_api' });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.equal(300);
      expect(JSON.stringify(headers)).to.not.contain('apat-');
    }
  });

  it('lets scopes decide on what was exchanged', async () => {
    const headers = { 'private-token': personalToken };
    expect(await client.status({ path: '/api', method: 'POST', headers })).to.equal(403);
  });

  it('is needed: the service behind refuses requests that do not come through, whatever they bring', async () => {
    for (const headers of [
      { 'private-token': personalToken },
      { authorization: `Bearer ${personalToken}` },
      { authorization: `Bearer ${new TokenKey().sign({ iss: 'http://127.0.0.1:18100', aud: 'api' })}` },
    ]) {
      const direct = await fetch(`http://127.0.0.1:${edge.upstream.port}/api`, { headers });
      const answer = (await direct.json()) as UpstreamAnswer;
      expect(await serviceBehind(answer.headers)).to.equal(undefined);
    }
  });

  it('refuses wrong, unknown and doubled credentials, and lets access tokens pass as they are', async () => {
    const changed = personalToken.replace(/^apat-./, start => (start.endsWith('A') ? 'apat-B' : 'apat-A'));
    const statuses = await Promise.all([
      client.status({ path: '/api' }),
      client.status({ path: '/api', headers: { 'private-token': changed } }),
      client.status({ path: '/api', headers: { 'private-token': 'nonsense' } }),
      client.status({
        path: '/api',
        headers: { 'private-token': personalToken, authorization: `Bearer ${personalToken}` },
      }),
      client.status({ path: '/api', headers: { authorization: 'Macaroon nonsense' } }),
      client.status({ path: '/api', token: await edge.mint() }),
    ]);
    expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 200]);
  });

  it('takes a macaroon for the requests that its caveats allow', async () => {
    const { access_token: macaroon } = await edge.request({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: personalToken,
      subject_token_type: TOKEN_TYPES.personalToken,
      requested_token_type: TOKEN_TYPES.macaroon,
    });
    const narrow = (...caveats: readonly string[]): string => {
      const { macaroon: whole } = readBundle(macaroon);
      const made = caveats.reduce((one, caveat) => addCaveat(one, Buffer.from(caveat)), whole);
      return writeBundle({ macaroon: made, discharges: [] });
    };
    const statusOf = (path: string, token: string) =>
      client.status({ path, headers: { authorization: `Macaroon ${token}` } });
    const forUser = narrow('path /api/v4/user', 'method GET', 'project 7');
    const { payload } = await passed({ headers: { authorization: `Macaroon ${forUser}` } });
    expect(payload).to.include({ sub: 'user:1' });
    expect(payload['projects']).to.deep.equal(['7']);
    expect(await statusOf('/api/v4/user/keys?page=1', forUser)).to.equal(200);
    expect(await statusOf('/api/v4/users', forUser)).to.equal(401);
    expect(await statusOf('/api/v4/user', narrow('method POST'))).to.equal(401);
    expect(await statusOf('/api/v4/user', narrow('cidr 127.0.0.0/8'))).to.equal(401);
    expect(await statusOf('/api/v4/user', narrow('aud other'))).to.equal(401);
  });

  it('refuses a revoked personal token at once', async () => {
    const headers = { 'private-token': personalToken };
    expect(await client.status({ path: '/api', headers })).to.equal(200);
    const revoked = await edge.command('token', 'revoke', '--personal', personalId, '--reason', 'test');
    expect(revoked.code, revoked.stderr).to.equal(0);
    await waitFor('the refusal', async () => (await client.status({ path: '/api', headers })) === 401, 2_000);
  });

  it('denies while the token service is gone', async () => {
    const good = await edge.mint();
    expect(decodeJwt(good).aud).to.equal('api');
    edge.environment.assertClean();
    await edge.environment.authplane.kill();
    expect(await client.status({ path: '/api', headers: { 'private-token': personalToken } })).to.equal(403);
    expect(await client.status({ path: '/api', token: good })).to.equal(200);
  });
});
