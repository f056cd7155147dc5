import type { PersonalTokenStore } from '../token-service/token-stores.ts';
import type { PersonalToken } from '../tokens/personal-token.ts';
import { appendAudit } from './audit-store.ts';
import { msOf, optionalMsOf } from './column-values.ts';
import type { Database, Row } from './database.ts';

const COLUMNS = 'id, subject, name, scopes, audiences, claims, created_at, expires_at, revoked_at';

/** Personal tokens in the database, by their hashes. */
export function personalTokenStoreOn(database: Database): PersonalTokenStore {
  return {
    insertPersonalToken: (token, hash, audit) =>
      database.transaction(async inside => {
        await inside.query(
          `insert into authplane.personal_token
             (id, hash, subject, name, scopes, audiences, claims, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
          [
            ...[token.id, hash, token.subject, token.name, token.scopes, token.audiences],
            ...[JSON.stringify(token.claims), new Date(token.createdMs), new Date(token.expiresMs)],
          ],
        );
        await appendAudit(inside, [audit]);
      }),
    findPersonalToken: async hash => {
      const [row] = await database.query(`select ${COLUMNS} from authplane.personal_token where hash = $1`, [
        hash,
      ]);
      return row === undefined ? undefined : tokenOf(row);
    },
    listPersonalTokens: async subject => {
      const where = subject === undefined ? '' : 'where subject = $1';
      const rows = await database.query(
        `select ${COLUMNS} from authplane.personal_token ${where} order by created_at, id`,
        subject === undefined ? [] : [subject],
      );
      return rows.map(tokenOf);
    },
    revokePersonalToken: (id, atMs, audit) =>
      database.transaction(async inside => {
        const revoked = await inside.query(
          'update authplane.personal_token set revoked_at = $2 where id = $1 and revoked_at is null returning id',
          [id, new Date(atMs)],
        );
        if (revoked.length > 0) await appendAudit(inside, [audit]);
        return revoked.length > 0;
      }),
  };
}

function tokenOf(row: Row): PersonalToken {
  return {
    id: row['id'] as string,
    subject: row['subject'] as string,
    name: row['name'] as string,
    scopes: row['scopes'] as readonly string[],
    audiences: row['audiences'] as readonly string[],
    claims: row['claims'] as Readonly<Record<string, unknown>>,
    createdMs: msOf(row['created_at']),
    expiresMs: msOf(row['expires_at']),
    revokedMs: optionalMsOf(row['revoked_at']),
  };
}
