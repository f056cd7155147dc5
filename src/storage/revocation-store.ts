import type { ReplayStore, RevocationStore } from '../token-service/token-stores.ts';
import type { Revocation, RevocationKind } from '../tokens/revocation.ts';
import { appendAudit } from './audit-store.ts';
import { msOf } from './column-values.ts';
import type { Database, Row } from './database.ts';

/** Revocations in the database. */
export function revocationStoreOn(database: Database): RevocationStore {
  return {
    readRevocations: async nowMs => {
      const rows = await database.query(
        'select * from authplane.revocation where expires_at > $1 order by created_at desc, kind, value',
        [new Date(nowMs)],
      );
      return rows.map(revocationOf);
    },
    insertRevocation: (revocation, audit) =>
      database.transaction(async inside => {
        const { kind, value, clientId, issuedBeforeMs, reason, createdMs, expiresMs } = revocation;
        await inside.query(
          `insert into authplane.revocation as old (kind, value, client_id, issued_before, reason, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (kind, value) do update set
             issued_before = greatest(old.issued_before, excluded.issued_before),
             expires_at = greatest(old.expires_at, excluded.expires_at),
             created_at = excluded.created_at, reason = excluded.reason`,
          [
            kind,
            value,
            clientId ?? null,
            new Date(issuedBeforeMs),
            reason,
            new Date(createdMs),
            new Date(expiresMs),
          ],
        );
        await appendAudit(inside, [audit]);
      }),
  };
}

/** What counts once, in the database. */
export function replayStoreOn(database: Database): ReplayStore {
  return {
    claim: async (scope, id, expiresMs) => {
      const claimed = await database.query(
        'insert into authplane.replay (scope, id, expires_at) values ($1, $2, $3) on conflict do nothing returning id',
        [scope, id, new Date(expiresMs)],
      );
      return claimed.length > 0;
    },
    forgetExpired: async nowMs => {
      const now = new Date(nowMs);
      await database.query('delete from authplane.replay where expires_at <= $1', [now]);
      await database.query('delete from authplane.revocation where expires_at <= $1', [now]);
    },
  };
}

function revocationOf(row: Row): Revocation {
  return {
    kind: row['kind'] as RevocationKind,
    value: row['value'] as string,
    ...(typeof row['client_id'] === 'string' ? { clientId: row['client_id'] } : {}),
    issuedBeforeMs: msOf(row['issued_before']),
    reason: row['reason'] as string,
    createdMs: msOf(row['created_at']),
    expiresMs: msOf(row['expires_at']),
  };
}
