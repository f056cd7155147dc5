import type { KeyAlgorithm } from '../keys/signing-key.ts';

/** A public JSON Web Key (RFC 7517). */
export type Jwk = Readonly<Record<string, unknown>>;

/** What operators have declared of the token service, checked. Immutable; times in milliseconds. */
export interface TokenConfig {
  readonly issuer: string;
  readonly accessLifetimeMs: number;
  readonly algorithm: Exclude<KeyAlgorithm, 'HMAC-SHA256'>;
  readonly rotateEveryMs: number;
  readonly macaroonMaxLifetimeMs: number;
  /** By name: its scopes. */
  readonly audiences: ReadonlyMap<string, ReadonlySet<string>>;
  /** By id. */
  readonly clients: ReadonlyMap<string, ClientConfig>;
  /** By name. */
  readonly trustedIssuers: ReadonlyMap<string, TrustedIssuerConfig>;
  readonly exchanges: readonly ExchangeRule[];
}

export interface ClientConfig {
  readonly id: string;
  readonly authentication: ClientAuthentication;
  /** For client credentials. */
  readonly audiences: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
  /** Audiences whose tokens it may ask about. */
  readonly introspects: ReadonlySet<string>;
  readonly requestsPerSecond: number;
}

export type ClientAuthentication =
  | { readonly kind: 'private_key_jwt'; readonly keys: readonly Jwk[] }
  | { readonly kind: 'tls_client_auth'; readonly name: CertificateName }
  /** Proxies, at their own endpoint only. */
  | { readonly kind: 'edge' };

export interface CertificateName {
  readonly kind: 'spiffe' | 'dns';
  readonly value: string;
}

export interface TrustedIssuerConfig {
  readonly name: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly jwks: TrustedKeys;
  readonly maxAgeMs: number;
}

export type TrustedKeys =
  | { readonly kind: 'keys'; readonly keys: readonly Jwk[] }
  | {
      readonly kind: 'url';
      readonly url: string;
      readonly refreshMs: number;
      readonly overlapMs: number;
      /** Absolute; undefined: the CAs of the system. */
      readonly trustedCaPath: string | undefined;
    };

export interface ExchangeRule {
  readonly name: string;
  readonly subject: ExchangeSubject;
  readonly clients: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
  /** With `{NAME}` for claims and `{subject}`. */
  readonly subjectTemplate: string;
  readonly copyClaims: readonly string[];
}

export type ExchangeSubject =
  | { readonly kind: 'personal_token' | 'macaroon' }
  | { readonly kind: 'id_token'; readonly issuer: string; readonly claims: readonly RequiredClaim[] }
  | { readonly kind: 'client_certificate'; readonly spiffe: readonly string[] };

export interface RequiredClaim {
  readonly name: string;
  /** Globs. */
  readonly any: readonly string[];
}
