import type { ReplicaReport, ReplicaStore } from '../token-service/token-stores.ts';
import { msOf } from './column-values.ts';
import type { Database } from './database.ts';

/** What replicas report, in the database. */
export function replicaStoreOn(database: Database): ReplicaStore {
  return {
    writeReport: async ({ id, seenMs, heldUpBy }) => {
      await database.query(
        `insert into authplane.replica (id, seen_at, held_up) values ($1, $2, $3)
         on conflict (id) do update set seen_at = excluded.seen_at, held_up = excluded.held_up`,
        [id, new Date(seenMs), JSON.stringify(heldUpBy)],
      );
    },
    readReports: async () => {
      const rows = await database.query('select id, seen_at, held_up from authplane.replica order by id');
      return rows.map(row => ({
        id: row['id'] as string,
        seenMs: msOf(row['seen_at']),
        heldUpBy: row['held_up'] as ReplicaReport['heldUpBy'],
      }));
    },
    forgetReports: async beforeMs => {
      await database.query('delete from authplane.replica where seen_at < $1', [new Date(beforeMs)]);
    },
    removeReport: async id => {
      await database.query('delete from authplane.replica where id = $1', [id]);
    },
  };
}
