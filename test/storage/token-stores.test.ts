import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { AuthplaneError } from '../../src/platform/errors.ts';
import { tokenStoresOn } from '../../src/storage/token-stores-on.ts';
import type { StoredKey } from '../../src/token-service/stored-key.ts';
import type { KeyWrite, TokenStores } from '../../src/token-service/token-stores.ts';
import { checkChain, NO_AUDIT, type AuditEvent } from '../../src/tokens/audit/audit-chain.ts';
import type { SigningKey } from '../../src/tokens/keys/signing-key.ts';
import type { PersonalToken } from '../../src/tokens/personal-token.ts';
import type { Revocation } from '../../src/tokens/revocation.ts';
import { DATABASE_KINDS, DATABASE_TIMEOUT_MS, migratedDatabase } from '../support/databases.ts';

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const EVENT: AuditEvent = {
  atMs: AT_MS,
  actor: 'test',
  action: 'tried',
  object: 'x',
  detail: { n: 1, list: ['a'] },
};

function storedKey(kid: string, rest: Partial<SigningKey> = {}): StoredKey {
  return {
    key: { kid, use: 'jwt', algorithm: 'ES256', state: 'pending', createdMs: AT_MS, ...rest },
    publicJwk: { kty: 'EC', kid, alg: 'ES256' },
    sealed: { ciphertext: randomBytes(40), wrappedDataKey: randomBytes(60), kekId: 'aabb' },
  };
}

function write(stores: TokenStores, ...writes: readonly KeyWrite[]): Promise<void> {
  return stores.changeKeys(() => Promise.resolve({ writes, audit: [EVENT], result: undefined }));
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (thrown: unknown) => (thrown instanceof AuthplaneError ? thrown.code : String(thrown)),
  );
}

for (const kind of DATABASE_KINDS) {
  describe(`token stores on ${kind}`, function () {
    this.timeout(DATABASE_TIMEOUT_MS);

    it('keeps signing keys and their states', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      const stored = storedKey('k1');
      await write(stores, { kind: 'insert', stored });
      const active = {
        ...stored.key,
        state: 'active',
        activatedMs: AT_MS + 1,
        rotateAfterMs: AT_MS + 9,
      } as const;
      await write(stores, { kind: 'update', key: active });
      const [read] = await stores.readKeys();
      expect(read?.key).to.deep.equal(active);
      expect(read?.publicJwk).to.deep.equal(stored.publicJwk);
      expect(Buffer.from(read?.sealed?.ciphertext ?? [])).to.deep.equal(stored.sealed?.ciphertext);
    });

    it('erases the private half of a key that ends', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      const stored = storedKey('k1');
      await write(stores, { kind: 'insert', stored });
      await write(stores, { kind: 'update', key: { ...stored.key, state: 'compromised', endedMs: AT_MS } });
      const [read] = await stores.readKeys();
      expect(read?.sealed).to.equal(undefined);
      expect(read?.key.state).to.equal('compromised');
    });

    it('refuses what the state machine never does', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      const born = storedKey('k0', { state: 'active' });
      expect(await codeOf(write(stores, { kind: 'insert', stored: born }))).to.equal('DATABASE_REFUSED');
      const stored = storedKey('k1');
      await write(stores, { kind: 'insert', stored });
      const retiring = { ...stored.key, state: 'retiring', retiringMs: AT_MS, verifyUntilMs: AT_MS } as const;
      expect(await codeOf(write(stores, { kind: 'update', key: retiring }))).to.equal('DATABASE_REFUSED');
      expect(await codeOf(write(stores, { kind: 'insert', stored: storedKey('k2') }))).to.equal(
        'DATABASE_REFUSED',
      );
      await write(stores, { kind: 'update', key: { ...stored.key, state: 'retired', endedMs: AT_MS } });
      const again = { ...stored.key, state: 'active', activatedMs: AT_MS, rotateAfterMs: AT_MS } as const;
      expect(await codeOf(write(stores, { kind: 'update', key: again }))).to.equal('DATABASE_REFUSED');
    });

    it('writes keys and their audit together or not at all', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      await codeOf(
        write(
          stores,
          { kind: 'insert', stored: storedKey('k1') },
          { kind: 'insert', stored: storedKey('k1') },
        ),
      );
      expect(await stores.readKeys()).to.deep.equal([]);
      expect(await stores.readAudit(0, 10)).to.deep.equal([]);
    });

    it('finds a personal token by its hash and revokes it once', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      const hash = randomBytes(32);
      const token: PersonalToken = {
        id: 'p1',
        subject: 'user:1',
        name: 'laptop',
        scopes: ['read_api'],
        audiences: ['gitlab-api'],
        claims: { realm: 'saas', groups: ['a', 'b'] },
        createdMs: AT_MS,
        expiresMs: AT_MS + 1_000,
        revokedMs: undefined,
      };
      await stores.insertPersonalToken(token, hash, EVENT);
      expect(await stores.findPersonalToken(hash)).to.deep.equal(token);
      expect(await stores.findPersonalToken(randomBytes(32))).to.equal(undefined);
      expect(await stores.listPersonalTokens('user:2')).to.deep.equal([]);
      expect(await stores.revokePersonalToken('p1', AT_MS + 5, EVENT)).to.equal(true);
      expect(await stores.revokePersonalToken('p1', AT_MS + 6, EVENT)).to.equal(false);
      expect((await stores.listPersonalTokens(undefined)).map(({ revokedMs }) => revokedMs)).to.deep.equal([
        AT_MS + 5,
      ]);
    });

    it('widens a revocation and never narrows it', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      const first: Revocation = {
        kind: 'subject',
        value: 'user:1',
        issuedBeforeMs: AT_MS,
        reason: 'lost laptop',
        createdMs: AT_MS,
        expiresMs: AT_MS + 1_000,
      };
      await stores.insertRevocation(first, EVENT);
      await stores.insertRevocation({ ...first, issuedBeforeMs: AT_MS - 5, expiresMs: AT_MS + 500 }, EVENT);
      expect(await stores.readRevocations(AT_MS)).to.deep.equal([first]);
      await stores.insertRevocation({ ...first, issuedBeforeMs: AT_MS + 5 }, EVENT);
      expect((await stores.readRevocations(AT_MS))[0]?.issuedBeforeMs).to.equal(AT_MS + 5);
      expect(await stores.readRevocations(AT_MS + 1_000)).to.deep.equal([]);
    });

    it('lets an id count once, also for two at a time', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      const claims = await Promise.all([1, 2, 3].map(() => stores.claim('client', 'a', AT_MS)));
      expect(claims.filter(Boolean)).to.have.length(1);
      expect(await stores.claim('other', 'a', AT_MS)).to.equal(true);
      await stores.forgetExpired(AT_MS);
      expect(await stores.claim('client', 'a', AT_MS)).to.equal(true);
    });

    it('chains the audit, also when several append at a time', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      await Promise.all([1, 2, 3, 4].map(() => stores.appendAudit([EVENT, EVENT])));
      const entries = await stores.readAudit(0, 100);
      expect(entries.map(({ seq }) => seq)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(checkChain(NO_AUDIT, entries)).to.equal(undefined);
      expect(await stores.readAudit(6, 1)).to.deep.equal(entries.slice(6, 7));
    });

    it('refuses to change, delete or empty the audit', async () => {
      await using database = await migratedDatabase(kind);
      await tokenStoresOn(database).appendAudit([EVENT]);
      for (const sql of [
        `update authplane.audit set actor = 'nobody'`,
        'delete from authplane.audit',
        'truncate authplane.audit',
      ]) {
        expect(await codeOf(database.query(sql)), sql).to.equal('DATABASE_REFUSED');
      }
    });

    it('keeps the last report of each replica, and its proxies until they are others', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      const heldUpBy = { k1: [{ reason: 'not accepted', nodes: ['edge-1'] }] };
      const report = { id: 'a', seenMs: AT_MS, heldUpBy, proxies: ['edge-1', 'edge-2'] };
      await stores.writeReport({ ...report, heldUpBy: {} });
      await stores.writeReport({ ...report, proxies: undefined });
      await stores.writeReport({ ...report, id: 'b', seenMs: AT_MS + 10, proxies: undefined });
      expect(await stores.readReports()).to.deep.equal([
        { ...report, isStopped: false },
        { id: 'b', seenMs: AT_MS + 10, isStopped: false, heldUpBy, proxies: [] },
      ]);
      await stores.forgetReports(AT_MS + 1);
      await stores.stopReport('b');
      expect((await stores.readReports()).map(({ id, isStopped }) => [id, isStopped])).to.deep.equal([
        ['b', true],
      ]);
    });

    it('tells listeners of changes', async () => {
      await using database = await migratedDatabase(kind);
      const stores = tokenStoresOn(database);
      let notice: () => void = () => undefined;
      const noticed = new Promise<void>(resolve => (notice = resolve));
      const listening = await database.listen('authplane_tokens', notice);
      await write(stores, { kind: 'insert', stored: storedKey('k1') });
      await noticed;
      await listening[Symbol.asyncDispose]();
    });
  });
}
