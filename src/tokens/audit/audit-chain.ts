import { createHash } from 'node:crypto';

/** Something that was done, for the audit. Never a token, secret or key. */
export interface AuditEvent {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** Who: `client:edge`, `operator:root@host`, `authplane`. */
  readonly actor: string;
  /** What: `token.minted`, `key.activated`, … */
  readonly action: string;
  /** To what: a subject, a kid, a jti. */
  readonly object: string;
  readonly detail: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** An event in its place in the chain. Each hash covers the entry and the hash before it. */
export interface AuditEntry {
  /** 1, 2, 3, … without gaps. */
  readonly seq: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  /** JSON, byte for byte as it was hashed. */
  readonly detail: string;
  /** 64 hexadecimal digits. */
  readonly previousHash: string;
  readonly hash: string;
}

/** The end of a chain. */
export type AuditHead = Pick<AuditEntry, 'seq' | 'hash'>;

/** Before the first entry. */
export const NO_AUDIT: AuditHead = { seq: 0, hash: '0'.repeat(64) };

/** The entry of an event that comes after `head`. Pure. */
export function chainEntry(head: AuditHead, event: AuditEvent): AuditEntry {
  const { atMs, actor, action, object } = event;
  const unhashed = {
    seq: head.seq + 1,
    atMs,
    actor,
    action,
    object,
    detail: JSON.stringify(event.detail),
    previousHash: head.hash,
  };
  return { ...unhashed, hash: hashOf(unhashed) };
}

/** Where a chain does not hold, and why. */
export interface AuditFault {
  readonly seq: number;
  readonly problem: string;
}

/** Checks entries that follow `head`; undefined: every one of them is in its place and unchanged. Pure. */
export function checkChain(head: AuditHead, entries: Iterable<AuditEntry>): AuditFault | undefined {
  let { seq, hash } = head;
  for (const entry of entries) {
    if (entry.seq !== seq + 1) return { seq: entry.seq, problem: `entry ${seq + 1} is missing` };
    if (entry.previousHash !== hash)
      return { seq: entry.seq, problem: 'it does not follow the entry before it' };
    if (entry.hash !== hashOf(entry)) return { seq: entry.seq, problem: 'its content was changed' };
    ({ seq, hash } = entry);
  }
  return undefined;
}

function hashOf(entry: Omit<AuditEntry, 'hash'>): string {
  const { seq, atMs, actor, action, object, detail, previousHash } = entry;
  return createHash('sha256')
    .update(JSON.stringify([seq, atMs, actor, action, object, detail, previousHash]))
    .digest('hex');
}
