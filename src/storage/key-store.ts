import type { PublicJwk, StoredKey } from '../token-service/stored-key.ts';
import type { KeyDecision, KeyStore, KeyWrite } from '../token-service/token-stores.ts';
import type { SealedPrivateKey } from '../tokens/keys/envelope.ts';
import type { KeyAlgorithm, KeyState, KeyUse, SigningKey } from '../tokens/keys/signing-key.ts';
import { appendAudit } from './audit-store.ts';
import { dateOf, msOf, optionalMsOf } from './column-values.ts';
import type { Database, Queryable, Row } from './database.ts';

/** Number of the advisory lock under which keys change. */
const LOCK = 4_015_220_234;

/** Signing keys in the database. */
export function keyStoreOn(database: Database): KeyStore {
  return {
    readKeys: () => readKeys(database),
    changeKeys: decide => database.transaction(inside => changeKeys(inside, decide)),
  };
}

async function readKeys(database: Queryable): Promise<readonly StoredKey[]> {
  return (await database.query('select * from authplane.signing_key order by created_at, kid')).map(keyOf);
}

async function changeKeys<T>(
  inside: Queryable,
  decide: (stored: readonly StoredKey[]) => Promise<KeyDecision<T>>,
): Promise<T> {
  await inside.query('select pg_advisory_xact_lock($1)', [LOCK]);
  const { writes, audit, result } = await decide(await readKeys(inside));
  for (const write of writes) await writeKey(inside, write);
  await appendAudit(inside, audit);
  return result;
}

async function writeKey(inside: Queryable, write: KeyWrite): Promise<void> {
  switch (write.kind) {
    case 'insert': {
      const { key, publicJwk, sealed } = write.stored;
      await inside.query(
        `insert into authplane.signing_key
           (kid, use, algorithm, state, public_jwk, private_ciphertext, wrapped_data_key, kek_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          ...[key.kid, key.use, key.algorithm, key.state],
          publicJwk === undefined ? null : JSON.stringify(publicJwk),
          ...[sealed?.ciphertext ?? null, sealed?.wrappedDataKey ?? null, sealed?.kekId ?? null],
          new Date(key.createdMs),
        ],
      );
      return;
    }
    case 'update': {
      const { key } = write;
      await inside.query(
        `update authplane.signing_key set state = $2, activated_at = $3, rotate_after = $4, retiring_at = $5, verify_until = $6, ended_at = $7${
          key.endedMs === undefined
            ? ''
            : ', private_ciphertext = null, wrapped_data_key = null, kek_id = null'
        } where kid = $1`,
        [
          ...[key.kid, key.state, dateOf(key.activatedMs), dateOf(key.rotateAfterMs)],
          ...[dateOf(key.retiringMs), dateOf(key.verifyUntilMs), dateOf(key.endedMs)],
        ],
      );
      return;
    }
    case 'rewrap':
      await inside.query(
        'update authplane.signing_key set wrapped_data_key = $2, kek_id = $3 where kid = $1',
        [write.kid, write.sealed.wrappedDataKey, write.sealed.kekId],
      );
  }
}

function keyOf(row: Row): StoredKey {
  const times = {
    activatedMs: optionalMsOf(row['activated_at']),
    rotateAfterMs: optionalMsOf(row['rotate_after']),
    retiringMs: optionalMsOf(row['retiring_at']),
    verifyUntilMs: optionalMsOf(row['verify_until']),
    endedMs: optionalMsOf(row['ended_at']),
  };
  const key: SigningKey = {
    kid: row['kid'] as string,
    use: row['use'] as KeyUse,
    algorithm: row['algorithm'] as KeyAlgorithm,
    state: row['state'] as KeyState,
    createdMs: msOf(row['created_at']),
    ...(Object.fromEntries(
      Object.entries(times).filter(([, ms]) => ms !== undefined),
    ) as Partial<SigningKey>),
  };
  const ciphertext = row['private_ciphertext'] as Uint8Array | null;
  const sealed: SealedPrivateKey | undefined =
    ciphertext === null
      ? undefined
      : {
          ciphertext,
          wrappedDataKey: row['wrapped_data_key'] as Uint8Array,
          kekId: row['kek_id'] as string,
        };
  return { key, publicJwk: (row['public_jwk'] as PublicJwk | null) ?? undefined, sealed };
}
