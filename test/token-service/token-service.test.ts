import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { decodeProtectedHeader } from 'jose';
import { AuthplaneError } from '../../src/platform/errors.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/storage/database.ts';
import { tokenStoresOn } from '../../src/storage/token-stores-on.ts';
import { keyLines } from '../../src/token-service/key-lines.ts';
import { issueAccessToken } from '../../src/token-service/token-issuer.ts';
import { verifyAccessToken } from '../../src/token-service/token-lookup.ts';
import { TokenService } from '../../src/token-service/token-service.ts';
import type { TokenStores } from '../../src/token-service/token-stores.ts';
import { keyEncryptionKey, type KeyEncryptionKey } from '../../src/tokens/keys/envelope.ts';
import type { KeyHolder } from '../../src/tokens/keys/key-holder.ts';
import type { KeyState } from '../../src/tokens/keys/signing-key.ts';
import type { Grant } from '../../src/tokens/oauth/grant.ts';
import { DATABASE_KINDS, DATABASE_TIMEOUT_MS, migratedDatabase } from '../support/databases.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tokenConfig } from '../support/token-world.ts';

const KEK = keyEncryptionKey(randomBytes(32));
const CONFIG = tokenConfig();
const [JWT_LINE] = keyLines(CONFIG);
const FROZEN: KeyHolder = { reason: 'has not accepted the key yet', nodes: ['edge-1'] };
const GRANT: Grant = {
  kind: 'granted',
  subject: 'user:1',
  audience: 'api',
  scopes: [],
  claims: {},
  expiresMs: undefined,
  projects: undefined,
  by: 'test',
};

interface Replica {
  readonly service: TokenService;
  readonly problems: (AuthplaneError | undefined)[];
  holders: readonly KeyHolder[];
  proxies: readonly string[];
}

async function replicaOn(
  stores: TokenStores,
  clock: Clock,
  options: {
    readonly id?: string | undefined;
    readonly keks?: readonly [KeyEncryptionKey, ...KeyEncryptionKey[]];
  } = {},
): Promise<Replica> {
  const problems: (AuthplaneError | undefined)[] = [];
  const replica = { problems, holders: [] as readonly KeyHolder[], proxies: [] as readonly string[] };
  const service = new TokenService({
    stores,
    clock,
    keks: options.keks ?? [KEK],
    config: () => CONFIG,
    replicaId: 'id' in options ? options.id : 'a',
    holdersOf: () => replica.holders,
    proxies: () => replica.proxies,
    fetchedKeys: () => undefined,
    observer: {
      changed: () => undefined,
      databaseChanged: problem => problems.push(problem),
      heldUp: () => undefined,
    },
  });
  await service.start();
  return Object.assign(replica, { service });
}

function kidOf({ service }: Replica, state: KeyState): string | undefined {
  return service.state.ring.keys.find(key => key.use === 'jwt' && key.state === state)?.kid;
}

async function mint({ service }: Replica): Promise<string> {
  const issuing = { grant: GRANT, clientId: 'edge', thumbprint: undefined, correlationId: 'c' };
  const { ring } = service.state;
  const nowMs = service.parts.clock.nowMs();
  const issued = await issueAccessToken(issuing, { config: CONFIG, ring, audit: service.audit, nowMs });
  if (issued.kind === 'refused') throw new Error(issued.error);
  return issued.token;
}

async function isTaken({ service }: Replica, token: string): Promise<boolean> {
  const { ring, revocations } = service.state;
  const nowMs = service.parts.clock.nowMs();
  return (
    (await verifyAccessToken(token, ['api'], { config: CONFIG, ring, revocations, nowMs })) !== undefined
  );
}

for (const kind of DATABASE_KINDS) {
  describe(`TokenService on ${kind}`, function () {
    this.timeout(DATABASE_TIMEOUT_MS);
    let database: Database;
    let stores: TokenStores;
    let clock: FakeClock;

    beforeEach(async () => {
      database = await migratedDatabase(kind);
      stores = tokenStoresOn(database);
      clock = new FakeClock();
    });

    afterEach(() => database[Symbol.asyncDispose]());

    it('has a key that signs and one that waits when it is started for the first time', async () => {
      const replica = await replicaOn(stores, clock);
      const active = kidOf(replica, 'active');
      expect([active, kidOf(replica, 'pending')]).to.not.include(undefined);
      expect(decodeProtectedHeader(await mint(replica)).kid).to.equal(active);
      expect(replica.service.state.ring.jwks.map(({ kid }) => kid).sort()).to.deep.equal(
        [active, kidOf(replica, 'pending')].sort(),
      );
      await replica.service.stop();
    });

    it('lets the next key sign when it is due, and takes tokens of the one before until they have expired', async () => {
      const replica = await replicaOn(stores, clock);
      const [first, second] = [kidOf(replica, 'active'), kidOf(replica, 'pending')];
      clock.advance(CONFIG.rotateEveryMs - 1_000);
      await replica.service.refresh();
      expect(kidOf(replica, 'active')).to.equal(first);
      const old = await mint(replica);
      clock.advance(1_000);
      await replica.service.refresh();
      expect([kidOf(replica, 'active'), kidOf(replica, 'retiring')]).to.deep.equal([second, first]);
      expect(await isTaken(replica, old)).to.equal(true);
      clock.advance(JWT_LINE.longestTokenMs);
      await replica.service.refresh();
      expect(kidOf(replica, 'retired')).to.equal(first);
      const retired = (await stores.readKeys()).find(({ key }) => key.kid === first);
      expect(retired?.sealed).to.equal(undefined);
      await replica.service.stop();
    });

    it('waits for proxies of every replica, also over a restart, and goes on by force only with an audit entry', async () => {
      const [a, b] = [await replicaOn(stores, clock), await replicaOn(stores, clock, { id: 'b' })];
      await a.service.refresh();
      b.holders = [FROZEN];
      await b.service.refresh();
      const waiting = kidOf(a, 'pending');
      const asked = await a.service.rotate(JWT_LINE, 'operator:ada');
      expect(asked.heldUpBy).to.deep.equal([FROZEN]);
      await a.service.stop();
      const again = await replicaOn(stores, clock);
      expect([kidOf(again, 'pending'), again.service.state.heldUpBy]).to.deep.equal([waiting, [FROZEN]]);
      await again.service.keeper.force(JWT_LINE, 'operator:ada', 'edge-1 is gone for good');
      await again.service.refresh();
      expect(kidOf(again, 'active')).to.equal(waiting);
      const audit = await stores.readAudit(0, 100);
      const forced = audit.find(({ action, object }) => action === 'key.active' && object === waiting);
      expect([forced?.actor, forced?.detail]).to.deep.equal([
        'operator:ada',
        '{"reason":"edge-1 is gone for good"}',
      ]);
      await again.service.stop();
      await b.service.stop();
    });

    it('waits after a restart for proxies that did not have the key, and takes none for granted without a replica', async () => {
      const replica = await replicaOn(stores, clock);
      Object.assign(replica, { holders: [FROZEN], proxies: ['edge-1', 'edge-2'] });
      await replica.service.refresh();
      const waiting = kidOf(replica, 'pending');
      await replica.service.rotate(JWT_LINE, 'operator:ada');
      await replica.service.stop();
      const alone = await replicaOn(stores, clock, { id: undefined });
      const asked = await alone.service.rotate(JWT_LINE, 'operator:ada');
      expect(asked.heldUpBy.map(({ reason }) => reason)).to.deep.equal([
        'no authplane with proxies runs, so nothing shows which of them have the key',
      ]);
      await alone.service.stop();
      const next = await replicaOn(stores, clock, { id: 'next' });
      expect(next.service.state.heldUpBy.map(({ nodes }) => nodes)).to.deep.equal([['edge-1']]);
      expect(kidOf(next, 'pending')).to.equal(waiting);
      next.proxies = ['edge-1'];
      await next.service.refresh();
      expect(kidOf(next, 'active')).to.equal(waiting);
      await next.service.stop();
    });

    it('goes on with a rotation that was asked for as soon as nobody holds it up', async () => {
      const replica = await replicaOn(stores, clock);
      const waiting = kidOf(replica, 'pending');
      replica.holders = [FROZEN];
      await replica.service.refresh();
      await replica.service.rotate(JWT_LINE, 'operator:ada');
      clock.advance(60_000);
      await replica.service.refresh();
      expect(kidOf(replica, 'pending')).to.equal(waiting);
      replica.holders = [];
      await replica.service.refresh();
      expect(kidOf(replica, 'active')).to.equal(waiting);
      await replica.service.stop();
    });

    it('waits for a replica that has not seen the key, and not for one that is gone', async () => {
      const replica = await replicaOn(stores, clock);
      await stores.writeReport({ id: 'old', seenMs: clock.nowMs(), heldUpBy: {}, proxies: [] });
      await replica.service.refresh();
      const held = await replica.service.rotate(JWT_LINE, 'operator:ada');
      expect(held.heldUpBy.map(({ reason }) => reason)).to.deep.equal([
        'replica old has not seen the key yet',
      ]);
      const waiting = kidOf(replica, 'pending');
      clock.advance(31_000);
      await replica.service.refresh();
      expect(kidOf(replica, 'active')).to.equal(waiting);
      await replica.service.stop();
    });

    it('refuses every token of a compromised key, and signs with the one that waited', async () => {
      const replica = await replicaOn(stores, clock);
      const token = await mint(replica);
      const [compromised, waiting] = [kidOf(replica, 'active') ?? '', kidOf(replica, 'pending')];
      await replica.service.keeper.compromise([JWT_LINE], compromised, 'operator:ada', 'leaked');
      await replica.service.refresh();
      expect(await isTaken(replica, token)).to.equal(false);
      expect(kidOf(replica, 'active')).to.equal(waiting);
      expect(replica.service.state.ring.jwks.map(({ kid }) => kid)).to.not.include(compromised);
      const refused: unknown = await replica.service.keeper
        .compromise([JWT_LINE], compromised, 'operator:ada', 'again')
        .catch((thrown: unknown) => thrown);
      expect(refused).to.include({ code: 'TOKEN_REFUSED' });
      await replica.service.stop();
    });

    it('refuses to start with another key-encryption key, and names both', async () => {
      await (await replicaOn(stores, clock)).service.stop();
      const other = keyEncryptionKey(randomBytes(32));
      const refused: unknown = await replicaOn(stores, clock, { keks: [other] }).catch(
        (thrown: unknown) => thrown,
      );
      expect(refused).to.be.instanceOf(AuthplaneError).and.include({ code: 'KEK_INVALID' });
      expect(String(refused)).to.contain(`wrapped by KEK ${KEK.id}; given is ${other.id}`);
    });

    it('wraps keys with a new key-encryption key while the old one is still given', async () => {
      const next = keyEncryptionKey(randomBytes(32));
      const replica = await replicaOn(stores, clock);
      const token = await mint(replica);
      await replica.service.stop();
      const both = await replicaOn(stores, clock, { keks: [next, KEK] });
      expect(await both.service.keeper.rewrap('operator:ada')).to.equal(4);
      expect(await both.service.keeper.rewrap('operator:ada')).to.equal(0);
      await both.service.stop();
      const alone = await replicaOn(stores, clock, { keks: [next] });
      expect(await isTaken(alone, token)).to.equal(true);
      await mint(alone);
      await alone.service.stop();
    });

    it('keeps verifying and publishing without a database, stops being fresh, and is back by itself', async () => {
      let away = false;
      const flaky = new Proxy(stores, {
        get: (target, name: keyof TokenStores) =>
          away
            ? () => Promise.reject(new AuthplaneError('DATABASE_UNAVAILABLE', 'away'))
            : target[name].bind(target),
      });
      const replica = await replicaOn(flaky, clock);
      const token = await mint(replica);
      away = true;
      await replica.service.refresh();
      expect(replica.service.isFresh).to.equal(true);
      clock.advance(10_001);
      await replica.service.refresh();
      expect(replica.service.isFresh).to.equal(false);
      expect(await isTaken(replica, token)).to.equal(true);
      expect(replica.service.state.ring.jwks).to.have.length(2);
      expect(replica.problems.map(problem => problem?.code)).to.deep.equal(['DATABASE_UNAVAILABLE']);
      away = false;
      await replica.service.refresh();
      expect([replica.service.isFresh, replica.problems.at(-1)]).to.deep.equal([true, undefined]);
      await replica.service.stop();
    });
  });
}
