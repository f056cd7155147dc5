import type { PlainMessage } from '../schema/plain-message.ts';

/**
 * The messages of proto/authplane/v1 as the decoder gives them: what their comments say is said there. A oneof is
 * `{ case, value }`; wrappers are their value or undefined.
 */

/** google.protobuf.Duration. */
export interface DurationSpec {
  readonly seconds: bigint;
  readonly nanos: number;
}

type Oneof<Members> =
  | {
      readonly [Case in keyof Members]: { readonly case: Case; readonly value: Members[Case] };
    }[keyof Members]
  | { readonly case: undefined };

export interface JwtProviderSpec extends PlainMessage {
  readonly name: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly jwks: JwksSpec;
  readonly fromHeaders: readonly { readonly name: string; readonly valuePrefix: string }[];
  readonly fromCookies: readonly string[];
  readonly claimToHeaders: readonly { readonly header: string; readonly claim: string }[];
  readonly forward: boolean;
  readonly requireExpiration: boolean | undefined;
  readonly maxLifetime: DurationSpec | undefined;
  readonly clockSkew: DurationSpec | undefined;
  readonly cacheSize: number | undefined;
}

export interface JwksSpec {
  readonly source: Oneof<{ readonly file: string; readonly url: string; readonly tokenService: boolean }>;
  readonly refresh: DurationSpec | undefined;
  readonly overlap: DurationSpec | undefined;
  readonly trustedCa: string;
}

export interface AuthChainSpec extends PlainMessage {
  readonly name: string;
  readonly authenticate: readonly { readonly kind: AuthenticatorSpec }[];
  readonly authorize:
    | { readonly policies: readonly string[]; readonly external: ExternalAuthorizationSpec | undefined }
    | undefined;
  readonly cors: CorsSpec | undefined;
  readonly rateLimit: RateLimitSpec | undefined;
  readonly setHeaders: readonly { readonly name: string; readonly value: string }[];
}

/** The kinds of authenticators. */
export interface AuthenticatorKinds {
  readonly jwt: JwtAuthenticatorSpec;
  readonly apiKey: ApiKeyAuthenticatorSpec;
  readonly basic: BasicAuthenticatorSpec;
  readonly clientCertificate: ClientCertificateAuthenticatorSpec;
  readonly oauth2: OAuth2AuthenticatorSpec;
  readonly exchange: ExchangeAuthenticatorSpec;
}

export type AuthenticatorSpec = Oneof<AuthenticatorKinds>;

export interface JwtAuthenticatorSpec {
  readonly provider: string;
  readonly scopes: readonly string[];
}

export interface ApiKeyAuthenticatorSpec {
  readonly file: string;
  readonly header: string;
  readonly clientHeader: string;
}

export interface BasicAuthenticatorSpec {
  readonly file: string;
  readonly userHeader: string;
  readonly realm: string;
}

export interface ClientCertificateAuthenticatorSpec {
  readonly spiffe: readonly string[];
  readonly dns: readonly string[];
}

export interface ExchangeAuthenticatorSpec {
  readonly provider: string;
  readonly cluster: string;
  readonly client: string;
  readonly header: string;
  readonly timeout: DurationSpec | undefined;
}

export interface OAuth2AuthenticatorSpec {
  readonly provider: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly hmacSecret: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly cluster: string;
  readonly redirectUri: string;
  readonly redirectPath: string;
  readonly signoutPath: string;
  readonly scopes: readonly string[];
  /** 0: access token; 1: id token. */
  readonly verify: number;
}

export interface ExternalAuthorizationSpec {
  readonly cluster: string;
  readonly timeout: DurationSpec | undefined;
  readonly http: { readonly pathPrefix: string; readonly upstreamHeaders: readonly string[] } | undefined;
  readonly headers: readonly string[];
  readonly maxBodyBytes: number | undefined;
}

export interface CorsSpec {
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAge: DurationSpec | undefined;
  readonly credentials: boolean;
}

export interface RateLimitSpec {
  readonly burst: number;
  readonly refill: number | undefined;
  readonly interval: DurationSpec | undefined;
}

export interface PolicySpec extends PlainMessage {
  readonly name: string;
  /** 1: allow; 2: deny. */
  readonly effect: number;
  readonly principals: PrincipalsSpec;
  readonly requests: RequestsSpec | undefined;
  readonly when: string;
  /** 0: enforce; 1: shadow. */
  readonly mode: number;
}

export interface PrincipalsSpec {
  readonly jwt: JwtPrincipalSpec | undefined;
  readonly spiffe: readonly string[];
  readonly apiKeyClients: readonly string[];
  readonly basicUsers: readonly string[];
  readonly cidrs: readonly string[];
  readonly anyAuthenticated: boolean;
}

export interface JwtPrincipalSpec {
  readonly provider: string;
  readonly claims: Readonly<Record<string, ClaimMatchSpec>>;
  readonly scopes: readonly string[];
}

export interface ClaimMatchSpec {
  readonly any: readonly string[];
  readonly all: readonly string[];
  readonly prefix: readonly string[];
  readonly is: boolean | undefined;
  readonly nested: Readonly<Record<string, ClaimMatchSpec>>;
  readonly present: boolean;
}

export interface RequestsSpec {
  readonly methods: readonly string[];
  readonly paths: readonly PathMatchSpec[];
  readonly headers: Readonly<Record<string, HeaderMatchSpec>>;
}

export interface PathMatchSpec {
  readonly match: Oneof<{ readonly exact: string; readonly prefix: string; readonly regex: string }>;
  readonly ignoreCase: boolean;
}

export interface HeaderMatchSpec {
  readonly any: readonly string[];
  readonly prefix: readonly string[];
  readonly present: boolean;
}

export interface PostureWaiverSpec extends PlainMessage {
  readonly reason: string;
  readonly expires: { readonly seconds: bigint; readonly nanos: number };
  readonly routes: readonly string[];
}

/** Milliseconds of a duration, or `defaultMs` when it is not set. */
export function durationMs(duration: DurationSpec | undefined, defaultMs: number): number {
  return duration === undefined ? defaultMs : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

/** A duration in proto3 JSON. */
export function durationJson(ms: number): string {
  return `${Number((ms / 1000).toFixed(9))}s`;
}
