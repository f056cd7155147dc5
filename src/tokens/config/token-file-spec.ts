import type { DurationSpec, JwksSpec } from '../../compiler/auth/auth-spec.ts';
import type { PlainMessage } from '../../compiler/schema/plain-message.ts';

/** `authplane.v1.TokenServiceFile` as the decoder gives it; what its fields mean is said in token_service.proto. */
export interface TokenFileSpec extends PlainMessage {
  readonly issuer: string;
  readonly accessTokens:
    { readonly lifetime: DurationSpec | undefined; readonly algorithm: string } | undefined;
  readonly keys: { readonly rotateEvery: DurationSpec | undefined } | undefined;
  readonly audiences: readonly { readonly name: string; readonly scopes: readonly string[] }[];
  readonly clients: readonly ClientSpec[];
  readonly trustedIssuers: readonly TrustedIssuerSpec[];
  readonly exchanges: readonly ExchangeSpec[];
  readonly macaroons: { readonly maxLifetime: DurationSpec | undefined } | undefined;
}

export interface ClientSpec {
  readonly id: string;
  readonly authentication:
    | { readonly case: 'privateKeyJwt'; readonly value: { readonly jwks: string } }
    | { readonly case: 'tlsClientAuth'; readonly value: { readonly name: ClientNameSpec } }
    | { readonly case: 'edge'; readonly value: PlainMessage }
    | { readonly case: undefined };
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly introspects: readonly string[];
  readonly requestsPerSecond: number;
}

export type ClientNameSpec =
  { readonly case: 'spiffe' | 'dns'; readonly value: string } | { readonly case: undefined };

export interface TrustedIssuerSpec {
  readonly name: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly jwks: JwksSpec;
  readonly maxAge: DurationSpec | undefined;
}

export interface ExchangeSpec {
  readonly name: string;
  readonly subject:
    | { readonly case: 'personalToken' | 'macaroon'; readonly value: PlainMessage }
    | { readonly case: 'idToken'; readonly value: IdTokenSpec }
    | { readonly case: 'clientCertificate'; readonly value: { readonly spiffe: readonly string[] } }
    | { readonly case: undefined };
  readonly clients: readonly string[];
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly subjectTemplate: string;
  readonly copyClaims: readonly string[];
}

export interface IdTokenSpec {
  readonly issuer: string;
  readonly claims: readonly { readonly name: string; readonly any: readonly string[] }[];
}
