import type { AuditEntry } from '../../tokens/audit/audit-chain.ts';
import type { TokenServiceClient } from '../token/token-command.ts';

const BATCH = 1_000;

/** All entries after one, in order. */
export async function* readAudit(
  service: TokenServiceClient,
  afterSeq: number,
): AsyncGenerator<readonly AuditEntry[]> {
  for (let seq = afterSeq; ;) {
    const entries = (await service.call({
      do: 'readAudit',
      afterSeq: seq,
      limit: BATCH,
    })) as readonly AuditEntry[];
    const last = entries.at(-1);
    if (last === undefined) return;
    yield entries;
    seq = last.seq;
  }
}
