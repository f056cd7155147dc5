import type { Effect } from '../protocol/effect.ts';
import type { Update } from '../protocol/update.ts';
import { EXTENSION_CONFIG, LISTENER, SECRET, type TypeUrl } from '../resources/type-url.ts';
import { findSuspects, type Suspect } from './find-suspects.ts';
import { NOTHING_HELD, reduceHeld, type HeldVersions } from './held-versions.ts';
import { redactReason } from './redact-reason.ts';

/**
 * `waiting`: subscribed, nothing sent yet. `pending`: sent, not answered yet. `synced`: the last response was accepted.
 * `nacked`: a response was rejected and nothing that could repair it was accepted since.
 */
export type SyncState = 'waiting' | 'pending' | 'synced' | 'nacked';

/** A response, by what identifies it on its stream. */
export interface ResponseMark {
  readonly versionInfo: string;
  readonly nonce: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** A rejected response. */
export interface Rejected extends ResponseMark {
  readonly typeUrl: TypeUrl;
  /** google.rpc.Code. */
  readonly code: number;
  /** What the client said, redacted, at most 500 characters. */
  readonly reason: string;
  /** The resources at fault with the place where they were written: those that the client names, else all that changed. */
  readonly suspects: readonly Suspect[];
}

/** What is known of one type on one stream. Immutable. */
export interface TypeRecord {
  readonly typeUrl: TypeUrl;
  readonly wildcard: boolean;
  /** Number of explicit names. */
  readonly names: number;
  readonly sent: ResponseMark | undefined;
  readonly acked: ResponseMark | undefined;
  readonly rejected: Rejected | undefined;
  /** Nonces of responses that could repair what was rejected. */
  readonly repairs: ReadonlySet<string>;
  readonly counters: TypeCounters;
  /** Kept for types that carry certificates and keys: who has which one decides how far a rotation is. */
  readonly held: HeldVersions;
}

interface TypeCounters {
  readonly sent: number;
  readonly acked: number;
  readonly nacked: number;
  /** Requests with an outdated nonce. */
  readonly stale: number;
}

const HELD_TYPES: ReadonlySet<TypeUrl> = new Set([SECRET, EXTENSION_CONFIG, LISTENER]);

/** A type that a stream just began to use. */
export function newTypeRecord(typeUrl: TypeUrl): TypeRecord {
  const counters = { sent: 0, acked: 0, nacked: 0, stale: 0 };
  const nothing = { sent: undefined, acked: undefined, rejected: undefined };
  return { typeUrl, wildcard: false, names: 0, ...nothing, repairs: new Set(), counters, held: NOTHING_HELD };
}

/** Applies one effect. Pure. */
export function reduceType(before: TypeRecord, effect: Effect, atMs: number): TypeRecord {
  const isHeld = HELD_TYPES.has(before.typeUrl);
  const record = isHeld ? { ...before, held: reduceHeld(before.held, effect) } : before;
  const { counters } = record;
  switch (effect.kind) {
    case 'subscribed':
      return { ...record, wildcard: effect.wildcard, names: effect.names };
    case 'resumed': {
      const mark = { versionInfo: effect.versionInfo, nonce: '', atMs };
      return { ...record, sent: mark, acked: mark };
    }
    case 'send': {
      const mark = { versionInfo: effect.update.versionInfo, nonce: effect.nonce, atMs };
      const sent = { ...record, sent: mark, counters: { ...counters, sent: counters.sent + 1 } };
      return repairs(record.rejected, effect.update)
        ? { ...sent, repairs: new Set(record.repairs).add(effect.nonce) }
        : sent;
    }
    case 'acked': {
      const acked = { versionInfo: effect.versionInfo, nonce: effect.nonce, atMs };
      const next = { ...record, acked, counters: { ...counters, acked: counters.acked + 1 } };
      return record.repairs.has(effect.nonce) ? { ...next, rejected: undefined, repairs: new Set() } : next;
    }
    case 'nacked': {
      const { typeUrl, versionInfo, nonce, rejection, resources } = effect;
      const rejected: Rejected = {
        typeUrl,
        versionInfo,
        nonce,
        atMs,
        code: rejection.code,
        reason: redactReason(rejection.message),
        suspects: findSuspects(rejection.message, resources),
      };
      const nacked = { ...counters, nacked: counters.nacked + 1 };
      return { ...record, rejected, repairs: new Set(), counters: nacked };
    }
    case 'stale':
      return { ...record, counters: { ...counters, stale: counters.stale + 1 } };
    case 'holdStarted':
    case 'holdEnded':
      return before;
  }
}

export function syncStateOf(record: TypeRecord): SyncState {
  if (record.rejected !== undefined) return 'nacked';
  if (record.sent === undefined) return 'waiting';
  return record.acked?.nonce === record.sent.nonce ? 'synced' : 'pending';
}

/** A SotW response replaces the rejected one; a delta response does when it touches a resource that was at fault. */
function repairs(rejected: Rejected | undefined, update: Update): boolean {
  if (rejected === undefined) return false;
  if (update.variant === 'sotw' || rejected.suspects.length === 0) return true;
  const touched = new Set([...update.resources.map(resource => resource.name), ...update.removed]);
  return rejected.suspects.some(suspect => touched.has(suspect.name));
}
