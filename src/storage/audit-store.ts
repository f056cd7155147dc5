import type { AuditStore } from '../token-service/token-stores.ts';
import {
  chainEntry,
  NO_AUDIT,
  type AuditEntry,
  type AuditEvent,
  type AuditHead,
} from '../tokens/audit/audit-chain.ts';
import { msOf } from './column-values.ts';
import type { Database, Queryable, Row } from './database.ts';

/** Number of the advisory lock under which the chain grows. */
const LOCK = 4_015_220_235;

/** The audit in the database. */
export function auditStoreOn(database: Database): AuditStore {
  return {
    appendAudit: events => database.transaction(inside => appendAudit(inside, events)),
    readAudit: async (afterSeq, limit) => {
      const rows = await database.query(
        'select * from authplane.audit where seq > $1 order by seq limit $2',
        [afterSeq, limit],
      );
      return rows.map(entryOf);
    },
  };
}

/** Chains events as part of a transaction: they are there exactly if what they tell of is. */
export async function appendAudit(inside: Queryable, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  await inside.query('select pg_advisory_xact_lock($1)', [LOCK]);
  let head: AuditHead = await headOf(inside);
  const entries = events.map(event => {
    const entry = chainEntry(head, event);
    head = entry;
    return entry;
  });
  await inside.query(
    `insert into authplane.audit (seq, at, actor, action, object, detail, previous_hash, hash)
     select (e->>'seq')::bigint, to_timestamp((e->>'atMs')::float8 / 1000), e->>'actor', e->>'action', e->>'object', e->>'detail',
            decode(e->>'previousHash', 'hex'), decode(e->>'hash', 'hex')
     from jsonb_array_elements($1::jsonb) as e`,
    [JSON.stringify(entries)],
  );
}

async function headOf(inside: Queryable): Promise<AuditHead> {
  const [row] = await inside.query(
    `select seq, encode(hash, 'hex') as hash from authplane.audit order by seq desc limit 1`,
  );
  return row === undefined ? NO_AUDIT : { seq: row['seq'] as number, hash: row['hash'] as string };
}

function entryOf(row: Row): AuditEntry {
  const hexOf = (name: string): string => Buffer.from(row[name] as Uint8Array).toString('hex');
  return {
    seq: row['seq'] as number,
    atMs: msOf(row['at']),
    actor: row['actor'] as string,
    action: row['action'] as string,
    object: row['object'] as string,
    detail: row['detail'] as string,
    previousHash: hexOf('previous_hash'),
    hash: hexOf('hash'),
  };
}
