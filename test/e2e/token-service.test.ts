import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { runCli } from '../support/cli.ts';
import type { HttpClient } from '../support/http-client.ts';
import { TokenEdge } from '../support/token-edge.ts';
import { TokenLoad } from '../support/token-load.ts';
import { waitFor } from '../support/wait-for.ts';

const ROTATIONS = process.env['PROVE'] === '1' ? 20 : 3;
/** Milliseconds by which a refusal must have reached the proxy. */
const LIMIT_MS = 2_000;

for (const [bootstrap, kind] of [
  ['ads-delta', 'postgres'],
  ['ads-sotw', 'pglite'],
] as const) {
  describe(`the token service with a real Envoy (${bootstrap}, ${kind})`, function () {
    this.timeout(300_000);
    this.bail(true);
    let edge: TokenEdge;
    let client: HttpClient;

    before(async () => {
      edge = await TokenEdge.start(bootstrap, kind);
      client = edge.client();
    });

    after(async () => {
      client[Symbol.dispose]();
      await edge[Symbol.asyncDispose]();
    });

    const status = (token: string, method = 'GET') => client.status({ path: '/api', method, token });

    async function refusedAfter(token: string): Promise<number> {
      const startedMs = performance.now();
      await waitFor('the token is refused', async () => (await status(token)) !== 200, LIMIT_MS, 5);
      return performance.now() - startedMs;
    }

    async function activeKid(): Promise<string> {
      return decodeProtectedHeader(await edge.mint()).kid ?? '';
    }

    it('makes tokens whose scopes decide at the edge', async () => {
      const [reader, writer] = [await edge.mint('read_api'), await edge.mint('write_api')];
      expect(await client.status({ path: '/api' })).to.equal(401);
      expect([await status(reader), await status(reader, 'POST')]).to.deep.equal([200, 403]);
      expect([await status(writer), await status(writer, 'POST')]).to.deep.equal([200, 200]);
    });

    it(`rotates its keys ${ROTATIONS} times under load without one refusal`, async () => {
      const kids = new Set([await activeKid()]);
      const options = { connections: 10, pauseMs: 15 };
      await using load = new TokenLoad(edge.listenerPort, [await edge.mint()], options);
      const startedMs = performance.now();
      for (let rotation = 0; rotation < ROTATIONS; rotation++) {
        const result = await edge.command('keys', 'rotate', '--wait', '--timeout', '1m');
        expect(result.code, result.stderr).to.equal(0);
        const token = await edge.mint();
        kids.add(decodeProtectedHeader(token).kid ?? '');
        load.add(token);
        const before = load.requests;
        await waitFor('more requests', () => load.requests > before + 100);
      }
      const seconds = (performance.now() - startedMs) / 1000;
      await load.stop();
      expect(load.failures).to.deep.equal([]);
      expect(kids.size).to.equal(ROTATIONS + 1);
      console.log(`      ${load.requests} requests, ${Math.round(load.requests / seconds)} a second`);
    });

    it('waits for a proxy that is frozen, names it, and goes on when it is back', async () => {
      const { envoy } = edge.environment;
      const before = await activeKid();
      envoy.signal('SIGSTOP');
      try {
        // The pending key is with every proxy already; the one after it is not.
        expect((await edge.command('keys', 'rotate')).code).to.equal(0);
        const held = await edge.command('keys', 'rotate');
        expect(held.code, held.stdout).to.equal(4);
        expect(held.stdout).to.match(/^held up: .*: edge-1$/m);
        const shown = await edge.command('keys', 'status');
        expect([shown.code, /held up: .*: edge-1/.test(shown.stdout)]).to.deep.equal([4, true]);
      } finally {
        envoy.signal('SIGCONT');
      }
      const after = await activeKid();
      expect(after).to.not.equal(before);
      await waitFor('the rotation that was asked for', async () => (await activeKid()) !== after);
      expect(await status(await edge.mint())).to.equal(200);
    });

    it(`refuses tokens of a compromised key within ${LIMIT_MS} ms, under load, and no others`, async () => {
      await waitFor(
        'nobody holds the next key up',
        async () => (await edge.command('keys', 'status')).code === 0,
      );
      const old = await edge.mint();
      expect((await edge.command('keys', 'rotate', '--wait', '--timeout', '1m')).code).to.equal(0);
      const token = await edge.mint();
      expect(await status(token)).to.equal(200);
      const { kid = '' } = decodeProtectedHeader(token);
      expect(decodeProtectedHeader(old).kid).to.not.equal(kid);
      await using load = new TokenLoad(edge.listenerPort, [old], { connections: 10, pauseMs: 15 });
      await waitFor('some requests', () => load.requests > 50);
      const result = await edge.command('keys', 'compromise', kid, '--reason', 'test');
      expect(result.code, result.stderr).to.equal(0);
      const ms = await refusedAfter(token);
      const next = await edge.mint();
      expect(await status(next)).to.equal(200);
      load.add(next);
      const before = load.requests;
      await waitFor('more requests', () => load.requests > before + 50);
      await load.stop();
      expect(load.failures).to.deep.equal([]);
      console.log(`      refused after ${Math.round(ms)} ms`);
    });

    it(`refuses a revoked token, and all tokens of a revoked subject, within ${LIMIT_MS} ms, and no other`, async () => {
      const [one, other] = [await edge.mint(), await edge.mint()];
      expect([await status(one), await status(other)]).to.deep.equal([200, 200]);
      const jti = decodeJwt(one).jti ?? '';
      expect((await edge.command('token', 'revoke', '--jti', jti, '--reason', 'test')).code).to.equal(0);
      const ms = await refusedAfter(one);
      expect(await status(other)).to.equal(200);
      const revoked = await edge.command('token', 'revoke', '--subject', 'gateway', '--reason', 'test');
      expect(revoked.code, revoked.stderr).to.equal(0);
      await refusedAfter(other);
      // Tokens carry whole seconds: one of the same second counts as older.
      const next = await waitFor('a newer token', async () => {
        const token = await edge.mint();
        return (await status(token)) === 200 && token;
      });
      const ofPerson = await edge.command(
        'token',
        'mint',
        '--subject',
        'user:1',
        '--audience',
        'api',
        '--scope',
        'read_api',
      );
      expect(await status(ofPerson.stdout.trim())).to.equal(200);
      console.log(`      refused after ${Math.round(ms)} ms`);
      expect((await edge.command('token', 'verify', other)).code).to.equal(6);
      expect((await edge.command('token', 'verify', next)).code).to.equal(0);
    });

    it('refuses what is revoked also while the files have errors', async () => {
      const token = await edge.mint();
      const { authplane, snapshots } = edge.environment;
      edge.environment.expectInLog(/snapshot\.(rejected|load_rejected)/);
      await snapshots.write('broken.yaml', { clusters: [{ name: 'x', nonsense: 1 }] });
      await authplane.waitForLog('the refusal', ({ event }) => event === 'snapshot.load_rejected');
      await edge.command('token', 'revoke', '--jti', decodeJwt(token).jti ?? '', '--reason', 'test');
      await refusedAfter(token);
      await snapshots.remove('broken.yaml');
      edge.environment.assertClean();
    });

    it('is one of several processes on one database: what one does counts for the proxies of another', async () => {
      if (edge.databaseUrl === undefined) {
        // The embedded database belongs to one process.
        expect((await edge.command('db', 'status')).stderr).to.match(/is used by another authplane/);
        return;
      }
      await using other = await edge.startTokens();
      const token = await other.client.mint();
      expect(await status(token)).to.equal(200);
      expect((await other.client.post('/oauth2/revoke', { token })).status).to.equal(200);
      const ms = await refusedAfter(token);
      console.log(`      refused after ${Math.round(ms)} ms`);
      edge.environment.envoy.signal('SIGSTOP');
      try {
        const rotate = () => runCli(['keys', 'rotate', '--state-dir', other.stateDirectory]);
        expect((await rotate()).code).to.equal(0);
        await waitFor('the frozen proxy of the other process', async () =>
          /edge-1/.test((await rotate()).stdout),
        );
      } finally {
        edge.environment.envoy.signal('SIGCONT');
      }
      await waitFor(
        'nobody holds the next key up',
        async () => (await edge.command('keys', 'status')).code === 0,
      );
    });

    it('keeps its word when it is gone: what was revoked stays refused, what counts is taken', async () => {
      const [good, bad] = [await edge.mint(), await edge.mint()];
      await edge.command('token', 'revoke', '--jti', decodeJwt(bad).jti ?? '', '--reason', 'test');
      await refusedAfter(bad);
      await edge.environment.authplane.kill();
      expect([await status(good), await status(bad)]).to.deep.equal([200, 403]);
      await edge.environment.startAuthplane();
      await waitFor(
        'a token of the restarted service',
        async () => (await status(await edge.mint())) === 200,
      );
      expect([await status(good), await status(bad)]).to.deep.equal([200, 403]);
    });

    it('has told everything to an audit that holds', async () => {
      const verified = await edge.command('audit', 'verify');
      expect(verified.stdout).to.match(/^\d+ entries, none changed$/m);
      const shown = await edge.command('audit', 'show');
      for (const action of ['token.minted', 'key.active', 'key.compromised', 'token.revoked']) {
        expect(shown.stdout).to.contain(`"action":"${action}"`);
      }
      edge.environment.authplane.assertClean();
    });
  });
}
