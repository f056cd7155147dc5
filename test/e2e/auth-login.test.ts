import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import {
  authListener,
  authRoute,
  authRoutes,
  loopbackCluster,
  testClaims,
  testProvider,
} from '../support/auth-snapshot.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { HttpClient, type PlainResponse } from '../support/http-client.ts';
import { IdentityProvider } from '../support/identity-provider.ts';
import { jwksOf, TokenKey } from '../support/jwt.ts';
import { ProxyEnvironment } from '../support/proxy-environment.ts';
import { Upstream, type UpstreamAnswer } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

/** `name=value` of all cookies that an answer sets. */
function cookiesOf({ headers }: PlainResponse): string {
  return (headers['set-cookie'] ?? []).map(cookie => cookie.split(';')[0] ?? '').join('; ');
}

for (const bootstrap of ['ads-delta', 'ads-sotw']) {
  describe(`a login (OAuth2) with a real Envoy (${bootstrap})`, function () {
    this.timeout(60_000);
    this.bail(true);
    const key = new TokenKey();
    const stack = new AsyncDisposableStack();
    let environment: ProxyEnvironment;
    let identityProvider: IdentityProvider;
    let client: HttpClient;
    let host: string;

    const login = (name: string, provider: string, verify: string) => ({
      name,
      authenticate: [
        {
          oauth2: {
            provider,
            client_id: 'web',
            client_secret: 'oauth-client',
            hmac_secret: 'oauth-hmac',
            authorization_endpoint: 'https://idp.test/authorize',
            token_endpoint: 'http://idp.test/token',
            cluster: 'idp',
            redirect_path: `/${name}/callback`,
            verify,
          },
        },
      ],
    });
    const secret = (name: string) => ({
      name,
      generic_secret: { secret: { inline_string: randomBytes(32).toString('hex') } },
    });

    /** From the login page back to the site, as a browser goes. */
    async function logIn(path: string, code: string): Promise<PlainResponse> {
      const start = await client.request({ path, headers: { host } });
      const target = new URL(start.headers.location ?? '');
      const back = new URL(target.searchParams.get('redirect_uri') ?? '');
      const state = encodeURIComponent(target.searchParams.get('state') ?? '');
      return client.request({
        path: `${back.pathname}?code=${code}&state=${state}`,
        headers: { host, cookie: cookiesOf(start) },
      });
    }

    before(async () => {
      const upstream = stack.use(await Upstream.start('up'));
      identityProvider = stack.use(await IdentityProvider.start(key));
      const port = await freePort();
      host = `127.0.0.1:${port}`;
      const logins = [login('access', 'idp', 'ACCESS_TOKEN'), login('id', 'id', 'ID_TOKEN')];
      const file = (chains: typeof logins) => ({
        listeners: [authListener({ port, chain: 'other' })],
        clusters: [loopbackCluster('up', upstream.port), loopbackCluster('idp', identityProvider.port)],
        routes: [
          authRoutes([
            ...chains.map(({ name }) => authRoute({ prefix: `/${name}/` }, 'up', { chain: name })),
            authRoute({ prefix: '/' }, 'up'),
          ]),
        ],
        jwt_providers: [testProvider(), testProvider({ name: 'id', audiences: ['web'] })],
        auth_chains: [...chains, { name: 'other', authenticate: [{ jwt: { provider: 'idp' } }] }],
        // A login is another way in for paths that took tokens only.
        posture_waivers:
          chains.length === 0
            ? []
            : [
                {
                  reason: 'browsers log in from now on',
                  expires: new Date(Date.now() + 3_600_000).toISOString(),
                },
              ],
        secrets: chains.length === 0 ? [] : [secret('oauth-client'), secret('oauth-hmac')],
      });
      environment = stack.use(
        await ProxyEnvironment.start({
          bootstrap,
          files: { 'jwks.json': jwksOf([key]), 'edge.yaml': file([]) },
        }),
      );
      client = stack.use(new HttpClient(port));
      const token = key.sign(testClaims());
      await waitFor('the first answer', async () => (await client.status({ path: '/x', token })) === 200);
      // The chains, and their secrets with them, appear when the listener has long been active.
      await environment.snapshots.write('edge.yaml', file(logins));
      await waitFor('the login page', async () => (await client.status({ path: '/id/x' })) === 302);
    });

    after(async () => {
      await stack.disposeAsync();
    });

    it('sends who brings nothing to the login page, with PKCE', async () => {
      const answer = await client.request({ path: '/access/x', headers: { host } });
      expect(answer.status).to.equal(302);
      const target = new URL(answer.headers.location ?? '');
      expect(target.origin + target.pathname).to.equal('https://idp.test/authorize');
      expect(target.searchParams.get('client_id')).to.equal('web');
      expect(target.searchParams.get('scope')).to.equal('openid');
      expect(target.searchParams.get('code_challenge_method')).to.equal('S256');
      expect(target.searchParams.get('redirect_uri')).to.equal(`http://${host}/access/callback`);
    });

    for (const name of ['access', 'id']) {
      it(`lets in who has logged in, by the ${name} token`, async () => {
        const callback = await logIn(`/${name}/x`, 'good');
        expect(callback.status, callback.body).to.equal(302);
        expect(callback.headers.location).to.equal(`http://${host}/${name}/x`);
        const cookie = cookiesOf(callback);
        const answer = await client.request({ path: `/${name}/x`, headers: { host, cookie } });
        expect(answer.status, answer.body).to.equal(200);
        const { headers } = JSON.parse(answer.body) as UpstreamAnswer;
        expect(headers).not.to.have.any.keys('authorization', 'x-authplane-id-token');
      });
    }

    it('asks the identity provider with the secret and the verifier', () => {
      const form = identityProvider.requests.at(-1);
      expect(form?.get('grant_type')).to.equal('authorization_code');
      expect(form?.get('client_secret')).to.match(/^[0-9a-f]{64}$/);
      expect(form?.get('code_verifier')).to.match(/\S{43}/);
    });

    it('refuses a code that the identity provider does not know', async () => {
      environment.envoy.expectProblem(/Failed to get access token: response code: 400/);
      const callback = await logIn('/access/x', 'bad');
      expect(callback.status).to.equal(401);
      expect(cookiesOf(callback)).not.to.match(/BearerToken=[^;]/);
    });

    it('refuses cookies that nobody has signed, and tokens of others in the header of the id token', async () => {
      environment.envoy.expectProblem(/failed to decrypt token/);
      const cookie = 'OauthHMAC=AAAA; OauthExpires=9999999999; BearerToken=a.b.c';
      expect(await client.status({ path: '/access/x', headers: { host, cookie } })).to.equal(302);
      const headers = { host, 'x-authplane-id-token': key.sign(testClaims({ aud: 'web' })) };
      expect(await client.status({ path: '/id/x', headers })).to.equal(302);
    });

    it('takes a token instead of a login, and refuses a wrong one', async () => {
      expect(await client.status({ path: '/access/x', token: key.sign(testClaims()) })).to.equal(200);
      expect(await client.status({ path: '/access/x', token: 'a.b.c' })).to.equal(401);
      expect(await environment.envoy.stat('listener_manager.total_listeners_draining')).to.equal(0);
      environment.assertClean();
    });
  });
}
