import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Database } from '../../src/storage/database.ts';
import { tokenStoresOn } from '../../src/storage/token-stores-on.ts';
import { EdgeExchange, type EdgeAnswer } from '../../src/token-service/edge-exchange.ts';
import { createPersonalToken } from '../../src/token-service/personal-tokens.ts';
import { TokenService } from '../../src/token-service/token-service.ts';
import type { PersonalTokenStore, TokenStores } from '../../src/token-service/token-stores.ts';
import { keyEncryptionKey } from '../../src/tokens/keys/envelope.ts';
import type { PersonalToken } from '../../src/tokens/personal-token.ts';
import { DATABASE_TIMEOUT_MS, migratedDatabase } from '../support/databases.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tokenConfig } from '../support/token-world.ts';

const CONFIG = tokenConfig(`
issuer: https://auth.example
audiences:
- {name: api, scopes: [read_api]}
clients:
- {id: proxies, edge: {}, requests_per_second: 1000}
exchanges:
- {name: personal, personal_token: {}, clients: [proxies], audiences: [api], scopes: [read_api]}
`);

describe('EdgeExchange', function () {
  this.timeout(DATABASE_TIMEOUT_MS);
  let database: Database;
  let stores: TokenStores;
  let service: TokenService;
  const clock = new FakeClock();

  beforeEach(async () => {
    database = await migratedDatabase('pglite');
    stores = tokenStoresOn(database);
    service = new TokenService({
      stores,
      clock,
      keks: [keyEncryptionKey(randomBytes(32))],
      config: () => CONFIG,
      replicaId: 'a',
      holdersOf: () => [],
      proxies: () => [],
      fetchedKeys: () => undefined,
      observer: { changed: () => undefined, databaseChanged: () => undefined, heldUp: () => undefined },
    });
    await service.start();
  });

  afterEach(async () => {
    await service.stop();
    await database[Symbol.asyncDispose]();
  });

  function personalToken(): Promise<{ readonly text: string; readonly token: PersonalToken }> {
    const wish = { subject: 'u', name: 't', audiences: ['api'], scopes: ['read_api'], claims: {} };
    const parts = { config: CONFIG, store: stores, nowMs: clock.nowMs() };
    return createPersonalToken({ ...wish, lifetimeMs: 3_600_000 }, 'test', parts);
  }

  function ask(
    exchange: EdgeExchange,
    text: string,
    personalTokens: PersonalTokenStore = stores,
  ): Promise<EdgeAnswer> {
    const request = {
      clientId: 'proxies',
      audience: 'api',
      authorization: undefined,
      personalTokens: [text],
      method: 'GET',
      path: '/',
      correlationId: 'c',
    };
    const { ring, revocations } = service.state;
    const { audit } = service;
    const parts = { config: CONFIG, ring, revocations, audit, fetchedKeys: () => undefined };
    return exchange.answer(request, { ...parts, personalTokens, nowMs: clock.nowMs() }, () => false);
  }

  async function revoke({ id }: PersonalToken): Promise<void> {
    const event = {
      atMs: clock.nowMs(),
      actor: 'test',
      action: 'personal_token.revoked',
      object: id,
      detail: {},
    };
    await stores.revokePersonalToken(id, clock.nowMs(), event);
  }

  it('gives the same access token again for a moment, and none after a revocation', async () => {
    const exchange = new EdgeExchange();
    const { text, token } = await personalToken();
    const first = await ask(exchange, text);
    expect(first.kind).to.equal('token');
    expect(await ask(exchange, text)).to.deep.equal(first);
    await revoke(token);
    exchange.forget();
    expect((await ask(exchange, text)).kind).to.equal('refused');
  });

  it('does not keep what it found just before a revocation and answers just after it', async () => {
    const exchange = new EdgeExchange();
    const { text, token } = await personalToken();
    const found = Promise.withResolvers<undefined>();
    const revoked = Promise.withResolvers<undefined>();
    const slow: PersonalTokenStore = {
      ...stores,
      findPersonalToken: async hash => {
        const known = await stores.findPersonalToken(hash);
        found.resolve(undefined);
        await revoked.promise;
        return known;
      },
    };
    const underWay = ask(exchange, text, slow);
    await found.promise;
    await revoke(token);
    exchange.forget();
    revoked.resolve(undefined);
    // It came before the revocation.
    expect((await underWay).kind).to.equal('token');
    expect((await ask(exchange, text)).kind).to.equal('refused');
  });
});
