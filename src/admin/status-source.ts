import type { SecretDetail, SecretStatus } from './secret-status.ts';

/** What the admin server shows. Plain JSON: names, versions, places and times; never the content of a resource. */
export interface StatusSource {
  health(): Health;
  nodes(): readonly NodeStatus[];
  /** Undefined when no such proxy is known. */
  node(id: string): NodeStatus | undefined;
  /** Rejections that still stand or are recent, newest first. */
  nacks(): readonly NackStatus[];
  snapshots(): SnapshotsStatus;
  secrets(): readonly SecretStatus[];
  /** Undefined when no secret of that name is served. */
  secret(name: string): SecretDetail | undefined;
}

/** Readiness with its reasons. Ready means every check is ok. */
export interface Health {
  readonly ready: boolean;
  readonly checks: readonly HealthCheck[];
}

export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** `synced`: acknowledged what was sent last. `pending`: sent, not answered yet. `nacked`: rejected. `waiting`: asked, nothing sent. */
type SyncState = 'synced' | 'pending' | 'nacked' | 'waiting';

/** A proxy that is connected, or was within the last hour. Times are ISO 8601 in UTC. */
export interface NodeStatus {
  readonly id: string;
  readonly cluster: string;
  readonly user_agent: string;
  /** What an edit of an auth chain does to its connections: `drain` for an Envoy without filter_chain (below 1.39). */
  readonly auth_edits: 'in-place' | 'drain';
  /** The node group; null while no snapshot file matches the proxy. */
  readonly group: string | null;
  readonly connected: boolean;
  /** Null while it is connected. */
  readonly disconnected_at: string | null;
  /** The worst of its types; of a proxy that is gone, as it left. */
  readonly state: SyncState;
  readonly streams: readonly StreamStatus[];
  /** By short name: `cds`, `lds` ... or, for other types, the type URL. Only types the proxy subscribed to. */
  readonly types: Readonly<Record<string, TypeStatus>>;
}

export interface StreamStatus {
  readonly id: string;
  readonly service: string;
  readonly protocol: 'sotw' | 'delta';
  readonly peer: string;
  readonly opened_at: string;
}

export interface TypeStatus {
  /** Of the stream that is worst off, when several have the type. */
  readonly state: SyncState;
  readonly sent_version: string | null;
  readonly sent_at: string | null;
  readonly acked_version: string | null;
  readonly acked_at: string | null;
  /** The rejection that still stands. */
  readonly nack: NackStatus | null;
}

export interface NackStatus {
  readonly node: string;
  readonly group: string | null;
  readonly type: string;
  readonly type_url: string;
  readonly version: string;
  readonly at: string;
  /** False once something that repairs it was accepted, or the stream ended. */
  readonly stands: boolean;
  /** google.rpc.Code. */
  readonly code: number;
  /** What the proxy said, redacted. */
  readonly reason: string;
  /** The resources of the response that was rejected, the ones named in the reason first. */
  readonly resources: readonly NackedResource[];
}

interface NackedResource {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What is served, and what of the files is not. */
export interface SnapshotsStatus {
  /** Result of the last load. `none`: there was no load yet. */
  readonly last_load: 'none' | 'ok' | 'invalid' | 'guarded';
  readonly last_load_at: string | null;
  /** Hash to confirm with `authplane confirm`, while the shrink guard holds a load back. */
  readonly confirm: string | null;
  readonly groups: readonly GroupStatus[];
  /** Diagnostics of the files as they are now, at most 1000. */
  readonly diagnostics: readonly DiagnosticStatus[];
}

export interface GroupStatus {
  readonly group: string;
  readonly files: readonly string[];
  readonly version: string;
  /** Routes that need no authentication, each with the reason that an operator wrote. */
  readonly public_routes: readonly { readonly route: string; readonly reason: string }[];
  /** TLS certificates that its proxies get, and when they end (RFC 3339). */
  readonly certificates: readonly { readonly name: string; readonly not_after: string }[];
  readonly pinned_version: string | null;
  /**
   * `current`: as the files say. `held`: an earlier version, because the files have an error for its nodes.
   * `stale-source`: from the state directory after a restart, because the files are broken. `orphaned`: no file
   * matches its nodes any more; they keep it while they are connected.
   */
  readonly state: 'current' | 'held' | 'stale-source' | 'orphaned';
  /** Since when this version is served. */
  readonly since: string;
  /** Connected proxies that have it. */
  readonly nodes: number;
  /** Number of resources by short name of the type. */
  readonly resources: Readonly<Record<string, number>>;
}

export interface DiagnosticStatus {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}
