import { expect } from 'chai';
import type { Database } from '../../src/storage/database.ts';
import { DATABASE_KINDS, DATABASE_TIMEOUT_MS, migratedDatabase, type DatabaseKind } from './databases.ts';
import { TokenWorld, type TokenAnswer } from './token-world.ts';

/** Describes something of the token service once for each kind of database. `define` hands over where its world goes, which is made before the tests. */
export function onEachDatabase(
  title: string,
  define: (useWorld: (take: (world: TokenWorld) => void) => void, kind: DatabaseKind) => void,
): void {
  for (const kind of DATABASE_KINDS) {
    describe(`${title} on ${kind}`, function () {
      this.timeout(DATABASE_TIMEOUT_MS);
      let database: Database;
      let world: TokenWorld;
      define(take => {
        before(async () => {
          database = await migratedDatabase(kind);
          world = await TokenWorld.start(database);
          take(world);
        });
      }, kind);
      after(async () => {
        await world[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
        expect(world.defects).to.deep.equal([]);
      });
    });
  }
}

/** Status and error code of an answer. */
export function errorOf({ status, body }: TokenAnswer): readonly [number, unknown] {
  return [status, body['error']];
}

/** The token of an answer, which must be a success. */
export function tokenOf({ status, body }: TokenAnswer): string {
  expect(status, JSON.stringify(body)).to.equal(200);
  return String(body['access_token']);
}
