import type { AuditEntry, AuditEvent } from '../tokens/audit/audit-chain.ts';
import type { SealedPrivateKey } from '../tokens/keys/envelope.ts';
import type { KeyHolder } from '../tokens/keys/key-holder.ts';
import type { SigningKey } from '../tokens/keys/signing-key.ts';
import type { PersonalToken } from '../tokens/personal-token.ts';
import type { Revocation } from '../tokens/revocation.ts';
import type { StoredKey } from './stored-key.ts';

// What the token service keeps. Every method throws AuthplaneError DATABASE_UNAVAILABLE when the database is away; what returns has been written.

/** A change of the signing keys. */
export type KeyWrite =
  | { readonly kind: 'insert'; readonly stored: StoredKey }
  /** The new state of a key; a key that ends loses its private half. */
  | { readonly kind: 'update'; readonly key: SigningKey }
  | { readonly kind: 'rewrap'; readonly kid: string; readonly sealed: SealedPrivateKey };

export interface KeyDecision<T> {
  /** In the order in which they are written. */
  readonly writes: readonly KeyWrite[];
  readonly audit: readonly AuditEvent[];
  readonly result: T;
}

export interface KeyStore {
  readKeys(): Promise<readonly StoredKey[]>;
  /** Reads, decides and writes as one step; nobody else changes keys meanwhile. */
  changeKeys<T>(decide: (stored: readonly StoredKey[]) => Promise<KeyDecision<T>>): Promise<T>;
}

export interface PersonalTokenStore {
  insertPersonalToken(token: PersonalToken, hash: Uint8Array, audit: AuditEvent): Promise<void>;
  /** @param hash SHA-256 of the token. Revoked and expired ones are found too. */
  findPersonalToken(hash: Uint8Array): Promise<PersonalToken | undefined>;
  listPersonalTokens(subject: string | undefined): Promise<readonly PersonalToken[]>;
  /** @returns false when there is none with this id, or it is revoked already. */
  revokePersonalToken(id: string, atMs: number, audit: AuditEvent): Promise<boolean>;
}

export interface RevocationStore {
  /** Those that have not expired, the newest first. */
  readRevocations(nowMs: number): Promise<readonly Revocation[]>;
  /** A second one of the same kind and value can only widen the first. */
  insertRevocation(revocation: Revocation, audit: AuditEvent): Promise<void>;
}

export interface ReplayStore {
  /** True for the first call with this id; false when it was used before. */
  claim(scope: string, id: string, expiresMs: number): Promise<boolean>;
  /** Forgets revocations and ids that have expired. */
  forgetExpired(nowMs: number): Promise<void>;
}

export interface AuditStore {
  /** Chains the events and writes them, all or none. */
  appendAudit(events: readonly AuditEvent[]): Promise<void>;
  /** In order, `limit` at most. */
  readAudit(afterSeq: number, limit: number): Promise<readonly AuditEntry[]>;
}

/** What a replica says of the proxies that are connected to it. */
export interface ReplicaReport {
  readonly id: string;
  readonly seenMs: number;
  /** It has stopped in order: its proxies go elsewhere. */
  readonly isStopped: boolean;
  /** By kid, for every key that the replica knows: who of its proxies has not got it yet. */
  readonly heldUpBy: Readonly<Record<string, readonly KeyHolder[]>>;
  /** Ids of its connected proxies. */
  readonly proxies: readonly string[];
}

/** What a running replica writes; `proxies` undefined: the same as before. */
export type NewReport = Pick<ReplicaReport, 'id' | 'seenMs' | 'heldUpBy'> & {
  readonly proxies: readonly string[] | undefined;
};

export interface ReplicaStore {
  writeReport(report: NewReport): Promise<void>;
  readReports(): Promise<readonly ReplicaReport[]>;
  /** Of replicas that were not seen since then. */
  forgetReports(beforeMs: number): Promise<void>;
  /** The replica stops in order. */
  stopReport(id: string): Promise<void>;
}

export type TokenStores = KeyStore &
  PersonalTokenStore &
  RevocationStore &
  ReplayStore &
  AuditStore &
  ReplicaStore;
