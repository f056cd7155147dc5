import type { Rotation } from '../certificates/ca-rotation.ts';

/** A root: what the other side trusts. */
export interface RootRecord {
  readonly id: number;
  readonly certificatePem: string;
  readonly notAfterMs: number;
}

/** A CA below a root: what certificates are issued from. */
export interface IssuerRecord {
  readonly id: number;
  readonly rootId: number;
  readonly certificatePem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What a certificate is for, kept so that it can be issued again. */
export interface LeafRequest {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
  readonly keyType: 'ec' | 'rsa';
  readonly lifetimeMs: number;
}

/** One certificate by its number. */
export interface SerialRecord {
  readonly serialNumber: string;
  readonly issuerId: number;
  readonly notAfterMs: number;
}

/** A name that certificates are issued for, and the files that they are written to. */
export interface IssuedRecord extends SerialRecord {
  readonly name: string;
  readonly request: LeafRequest;
  /** Absolute. */
  readonly certificatePath: string;
  readonly privateKeyPath: string;
  readonly notBeforeMs: number;
  /** False: it was issued, and writing it failed or was cut off. */
  readonly isWritten: boolean;
  /** Earlier certificates of the name that have not expired. */
  readonly earlier: readonly SerialRecord[];
}

/** A certificate that must not be taken any more; forgotten when it has expired. */
export interface RevokedRecord extends SerialRecord {
  readonly name: string;
  readonly revokedAtMs: number;
}

/** All that a CA knows beside its keys. Immutable; written as a whole. */
export interface AuthorityState {
  readonly format: 1;
  /** Stands in the names of its CAs. */
  readonly name: string;
  /** Numbers of roots and issuers, never used twice. */
  readonly nextId: number;
  /** Grows with every revocation list (RFC 5280, 5.2.3). */
  readonly listNumber: number;
  /** Until when the lists that are written are good, and since when. */
  readonly lists: { readonly fromMs: number; readonly untilMs: number } | undefined;
  readonly roots: readonly RootRecord[];
  /** Roots that `trust.pem` has. */
  readonly trusted: readonly number[];
  readonly issuers: readonly IssuerRecord[];
  /** What certificates are issued from now. */
  readonly activeIssuer: number;
  readonly issued: readonly IssuedRecord[];
  readonly revoked: readonly RevokedRecord[];
  readonly rotation: Rotation | undefined;
  /** Stages that were forced, with the reason that the operator gave. */
  readonly forced: readonly { readonly atMs: number; readonly stage: string; readonly reason: string }[];
}

/** Renewed when this part of the life has passed. */
export const RENEWAL_SHARE = 0.5;
/** A new issuing CA is used when this part of the life of the old one has passed: by then everybody has its revocation list. */
export const TAKEOVER_SHARE = 0.6;

/** True when `share` of the life has passed. */
export function isPast(
  period: { readonly notBeforeMs: number; readonly notAfterMs: number },
  share: number,
  nowMs: number,
): boolean {
  return nowMs >= period.notBeforeMs + (period.notAfterMs - period.notBeforeMs) * share;
}

/** The CA that is to issue after the one that does now. */
export function successorOf(state: AuthorityState): IssuerRecord | undefined {
  const { id, rootId } = issuerOf(state, state.activeIssuer);
  return state.issuers.find(issuer => issuer.rootId === rootId && issuer.id > id);
}

/** The number of the root that certificates are issued from now. */
export function activeRoot(state: AuthorityState): number {
  return issuerOf(state, state.activeIssuer).rootId;
}

/** @throws TypeError when the state contradicts itself. */
export function issuerOf(state: AuthorityState, id: number): IssuerRecord {
  const issuer = state.issuers.find(entry => entry.id === id);
  if (issuer === undefined) throw new TypeError(`the state of the CA has no issuer ${id}`);
  return issuer;
}

/** The number of the root that a certificate comes from; undefined when its CA has expired. */
export function rootOf(
  state: AuthorityState,
  { issuerId }: Pick<SerialRecord, 'issuerId'>,
): number | undefined {
  return state.issuers.find(({ id }) => id === issuerId)?.rootId;
}

/** The CAs that are still needed: the one that issues, the newest below each root, and those whose certificates have not expired. */
export function liveIssuers(state: AuthorityState, nowMs: number): readonly IssuerRecord[] {
  const serials = [...state.issued, ...state.issued.flatMap(({ earlier }) => earlier), ...state.revoked];
  const inUse = new Set(
    serials.filter(({ notAfterMs }) => notAfterMs > nowMs).map(({ issuerId }) => issuerId),
  );
  const newest = new Map(state.issuers.map(({ id, rootId }) => [rootId, id]));
  return state.issuers.filter(
    ({ id, rootId }) => id === state.activeIssuer || newest.get(rootId) === id || inUse.has(id),
  );
}

/** What has expired is dropped: a verifier refuses it anyway. */
export function withoutExpired(state: AuthorityState, nowMs: number): AuthorityState {
  const isLive = ({ notAfterMs }: { readonly notAfterMs: number }): boolean => notAfterMs > nowMs;
  return {
    ...state,
    issuers: liveIssuers(state, nowMs),
    issued: state.issued.map(record => ({ ...record, earlier: record.earlier.filter(isLive) })),
    revoked: state.revoked.filter(isLive),
  };
}
