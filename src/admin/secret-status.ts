/** A secret that is served. Of its content only what every handshake shows: fingerprints and the end of certificates. */
export interface SecretStatus {
  readonly name: string;
  readonly group: string;
  /** `certificate`, `trust` (CAs), `ticket-keys` or `generic`; null for an empty one. */
  readonly kind: 'certificate' | 'trust' | 'ticket-keys' | 'generic' | null;
  readonly file: string;
  readonly line: number;
  /** When the first of its certificates ends; null where it has none. */
  readonly not_after: string | null;
  /** SHA-256 of its certificates. */
  readonly fingerprints: readonly string[];
  /** Null: for all proxies of the group. */
  readonly grant: { readonly spiffe: readonly string[]; readonly groups: readonly string[] } | null;
  /** Connected proxies that have accepted this version. */
  readonly accepted: number;
  /** Ids of connected proxies that use it and have not accepted this version; at most 100. */
  readonly behind: readonly string[];
}

/** A connected proxy and one secret. */
export interface SecretNodeStatus {
  readonly node: string;
  readonly cluster: string;
  /** SPIFFE IDs of its verified client certificate. */
  readonly spiffe: readonly string[];
  readonly access: 'granted' | 'denied';
  readonly reason: string;
  /** `unused`: it was never given any version. */
  readonly state: 'accepted' | 'behind' | 'unused';
}

/** One name in all groups that have it, with every connected proxy. */
export interface SecretDetail {
  readonly name: string;
  readonly secrets: readonly SecretStatus[];
  readonly nodes: readonly SecretNodeStatus[];
}
