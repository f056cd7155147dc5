import type { DocumentPath, Position } from '../resources/diagnostic.ts';
import type { Reference, ReferenceKind } from '../resources/reference.ts';

/** A reference with its place, for the message when it leads nowhere. */
export interface LocatedReference extends Reference, Position {}

/** What the group checks need to know of one resource after its message is gone. Grows with the checks. */
export interface ResourceFacts {
  readonly references: readonly LocatedReference[];
  /** The addresses of a listener, the additional ones included. */
  readonly addresses?: readonly AddressFact[];
  /** HTTP connection managers inside a listener. */
  readonly connectionManagers?: readonly ConnectionManagerFact[];
  /** Names of filters for the way to the upstream, which routes may configure too. */
  readonly upstreamFilters?: readonly string[];
  /** What a RouteConfiguration, ScopedRouteConfiguration or VirtualHost says about filters and headers. */
  readonly routeTable?: RouteTableFact;
  /** What an extension configuration is, when it is a filter. */
  readonly extension?: FilterFact;
  /** Places that ask for an extension configuration, with the types that they take. */
  readonly extensionUses?: readonly ExtensionUseFact[];
  /** Config sources that differ from `{ads: {}, resource_api_version: V3}`, with the name that is asked of them. */
  readonly configSources?: readonly ConfigSourceFact[];
  /** Certificates that stand in the resource itself. */
  readonly certificates?: readonly InlineCertificateFact[];
  /** CAs that stand in the resource itself. */
  readonly trustBundles?: readonly InlineTrustBundleFact[];
  /** Request headers by which a cluster picks its host (`host_id_format` of a reverse-connection cluster). */
  readonly hostHeaders?: readonly string[];
  /** A TLS context of a listener that verifies client certificates. */
  readonly verifiesClients?: boolean;
  /** A validation context with a validator of its own, such as the one for SPIFFE. */
  readonly hasCustomValidator?: boolean;
  /** Validation contexts that take identities of several SPIFFE trust domains from CAs of a secret. */
  readonly jointTrusts?: readonly JointTrustFact[];
  /** Secrets that it asks for over a stream of its own: that may end at authplane too. */
  readonly otherSecretNames?: readonly string[];
  /** A listener that takes certificates by the name that clients ask for. */
  readonly picksSecrets?: boolean;
  /** Of a secret: what it holds. */
  readonly secretKind?: SecretKind;
  /** Places that ask for a secret of a certain kind. */
  readonly secretUses?: readonly SecretUseFact[];
}

/** A place in the resource's own document. */
export interface Place extends Position {
  readonly path: DocumentPath;
}

/** An address that a listener takes. `host` is an IP, a path or a name, as written but lower-cased. */
export interface AddressFact extends Place {
  readonly protocol: 'tcp' | 'udp' | 'pipe' | 'internal';
  readonly host: string;
  readonly port: number;
  /** False for `bind_to_port: false`: no socket is opened. */
  readonly binds: boolean;
}

/** A filter of an HTTP filter chain, or an extension configuration that is one. */
export interface FilterFact extends Place {
  readonly name: string;
  /** The full message name of its configuration; undefined when it comes by ECDS under `name`. */
  readonly typeName: string | undefined;
  /** For jwt_authn: the names in `requirement_map`; undefined for other filters. */
  readonly requirementNames: readonly string[] | undefined;
  /** The filters of a FilterChainConfig or composite inside it. */
  readonly nested: readonly FilterFact[];
  /** Request headers that a header_mutation filter overwrites, lower-cased. */
  readonly overwrites: readonly string[];
  /** For the filter that names an auth chain (authplane.v1.AuthChain). */
  readonly authChain?: AuthChainFact;
}

/** What a connection manager says about its auth chain. */
export interface AuthChainFact {
  /** For routes that name none. */
  readonly chain: string;
  /** Request headers that only the inside may set, lower-cased. */
  readonly removeHeaders: readonly string[];
  /** Why unusual paths pass; undefined: they do not. */
  readonly pathGuardOff: string | undefined;
}

/** What a route, a virtual host or a route configuration says about authentication. */
export type AuthSelection =
  { readonly kind: 'chain'; readonly chain: string } | { readonly kind: 'public'; readonly reason: string };

/** One HTTP connection manager. */
export interface ConnectionManagerFact extends Place {
  readonly filters: readonly FilterFact[];
  readonly routes: ConnectionManagerRoutes;
}

/** Where a connection manager has its routes from. `scoped`: all scoped routes of the group. */
export type ConnectionManagerRoutes =
  | { readonly kind: 'inline'; readonly table: RouteTableFact }
  | { readonly kind: 'rds'; readonly name: string }
  | { readonly kind: 'scoped' }
  | { readonly kind: 'other' };

export interface RouteTableFact {
  /** All entries of `typed_per_filter_config`, at every level. */
  readonly perFilter: readonly PerFilterFact[];
  /** Routes with the request headers that they overwrite. */
  readonly targets: readonly RouteTargetFact[];
  /** Route configurations that a scope names. */
  readonly routeNames: readonly string[];
}

/** One entry of `typed_per_filter_config`. */
export interface PerFilterFact extends Place {
  readonly filter: string;
  /** `is_optional` of an envoy.config.route.v3.FilterConfig: the filter may be absent. */
  readonly isOptional: boolean;
  /** For jwt_authn: the requirement that the route selects. */
  readonly requirementName: string | undefined;
  /** For the filter of an auth chain (authplane.v1.AuthChainPerRoute). */
  readonly authSelection?: AuthSelection;
  /** Filters that it brings itself (FilterChainConfigPerRoute). */
  readonly nested: readonly FilterFact[];
}

/** A cluster that a route leads to. */
export interface RouteTargetFact extends Place {
  readonly cluster: string;
  /** Lower-cased. */
  readonly overwrites: readonly string[];
}

/** A filter or other extension with `config_discovery`. */
export interface ExtensionUseFact extends Place {
  readonly name: string;
  /** Full message names. */
  readonly typeNames: readonly string[];
}

/** A config source that is not the plain ADS one. */
export interface ConfigSourceFact extends Place {
  readonly kind: ReferenceKind;
  readonly name: string;
  /** Equal for equal messages. */
  readonly fingerprint: string;
}

/** PEM bytes of a certificate in a resource; `privateKey` is undefined when it is not inline. */
export interface InlineCertificateFact extends Place {
  readonly certificateChain: Uint8Array;
  readonly privateKey: Uint8Array | undefined;
}

/** PEM bytes of CAs in a resource. */
export interface InlineTrustBundleFact extends Place {
  readonly trustedCa: Uint8Array;
  readonly crl: Uint8Array | undefined;
  /** False with `only_verify_leaf_cert_crl`: only the CA that signs leaves needs a list. */
  readonly isWholeChain: boolean;
}

/** What visitors tell the group checks about one resource. */
export interface FactCollector {
  /** Adds a reference. Its `path` starts at the root of the document; its line is looked up. */
  reference(reference: Reference): void;
  /** Adds other facts, field by field; a field that `ResourceFacts` declares beside `references` is optional. */
  set(facts: Partial<Omit<ResourceFacts, 'references'>>): void;
  /** The line of a path, for facts that need one. */
  positionOf(path: DocumentPath): Position;
}

/** SAN matchers for several SPIFFE trust domains beside CAs that come by SDS. */
export interface JointTrustFact extends Place {
  readonly secretName: string;
  readonly trustDomains: readonly string[];
}

/** The members of the oneof of a Secret. */
export type SecretKind = 'tlsCertificate' | 'validationContext' | 'sessionTicketKeys' | 'genericSecret';

/** A place that asks for a secret. */
export interface SecretUseFact extends Place {
  readonly name: string;
  readonly kind: SecretKind;
}
