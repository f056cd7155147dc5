import type { ReplicaReport, ReplicaStore } from '../token-service/token-stores.ts';
import { msOf } from './column-values.ts';
import type { Database } from './database.ts';

/** What replicas report, in the database. */
export function replicaStoreOn(database: Database): ReplicaStore {
  return {
    writeReport: async ({ id, seenMs, heldUpBy, proxies }) => {
      await database.query(
        `insert into authplane.replica as old (id, seen_at, held_up, proxies) values ($1, $2, $3, coalesce($4::jsonb, '[]'))
         on conflict (id) do update set seen_at = excluded.seen_at, stopped = false, held_up = excluded.held_up, proxies = coalesce($4::jsonb, old.proxies)`,
        [
          ...[id, new Date(seenMs), JSON.stringify(heldUpBy)],
          proxies === undefined ? null : JSON.stringify(proxies),
        ],
      );
    },
    readReports: async () => {
      const rows = await database.query('select * from authplane.replica order by id');
      return rows.map(row => ({
        id: row['id'] as string,
        seenMs: msOf(row['seen_at']),
        isStopped: row['stopped'] as boolean,
        heldUpBy: row['held_up'] as ReplicaReport['heldUpBy'],
        proxies: row['proxies'] as readonly string[],
      }));
    },
    forgetReports: async beforeMs => {
      await database.query('delete from authplane.replica where seen_at < $1', [new Date(beforeMs)]);
    },
    stopReport: async id => {
      await database.query('update authplane.replica set stopped = true where id = $1', [id]);
    },
  };
}
