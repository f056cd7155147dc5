/** The full type URL of an xDS resource, with the `type.googleapis.com/` prefix. */
export type TypeUrl = string & { readonly __brand: 'TypeUrl' };

/** Everything that differs between the xDS resource types, in one place. */
export interface ResourceType {
  /** The field's name for the type: `cds`, `lds` ... Used in metrics, logs and the CLI. */
  readonly shortName: ResourceTypeName;
  readonly typeUrl: TypeUrl;
  /** The list in a snapshot file that holds resources of the type. */
  readonly field: string;
  /** The proto field that names a resource. */
  readonly nameField: 'name' | 'cluster_name';
  /**
   * A SotW response of the type is the client's whole state: what it leaves out is deleted
   * (xDS protocol, "Grouping Resources into Responses").
   */
  readonly fullState: boolean;
  /** An empty list in the first request of the type subscribes to everything. */
  readonly wildcardByDefault: boolean;
}

export type ResourceTypeName = 'cds' | 'eds' | 'sds' | 'ecds' | 'lds' | 'srds' | 'rds' | 'vhds' | 'rtds';

export const TYPE_URL_PREFIX = 'type.googleapis.com/';

/** Adds the prefix to a full message name. */
export function typeUrlOf(messageName: string): TypeUrl {
  return `${TYPE_URL_PREFIX}${messageName}` as TypeUrl;
}

/** The message name in a type URL: what stands behind the last slash. */
export function messageNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}

export const CLUSTER = typeUrlOf('envoy.config.cluster.v3.Cluster');
export const ENDPOINTS = typeUrlOf('envoy.config.endpoint.v3.ClusterLoadAssignment');
export const SECRET = typeUrlOf('envoy.extensions.transport_sockets.tls.v3.Secret');
export const EXTENSION_CONFIG = typeUrlOf('envoy.config.core.v3.TypedExtensionConfig');
export const LISTENER = typeUrlOf('envoy.config.listener.v3.Listener');
export const SCOPED_ROUTE = typeUrlOf('envoy.config.route.v3.ScopedRouteConfiguration');
export const ROUTE = typeUrlOf('envoy.config.route.v3.RouteConfiguration');
export const VIRTUAL_HOST = typeUrlOf('envoy.config.route.v3.VirtualHost');
export const RUNTIME = typeUrlOf('envoy.service.runtime.v3.Runtime');

function type(
  shortName: ResourceTypeName,
  typeUrl: TypeUrl,
  field: string,
  options: Partial<Pick<ResourceType, 'nameField' | 'fullState' | 'wildcardByDefault'>> = {},
): ResourceType {
  return {
    shortName,
    typeUrl,
    field,
    nameField: 'name',
    fullState: false,
    wildcardByDefault: false,
    ...options,
  };
}

/** The types authplane serves, in make-before-break order. */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  type('cds', CLUSTER, 'clusters', { fullState: true, wildcardByDefault: true }),
  type('eds', ENDPOINTS, 'endpoints', { nameField: 'cluster_name' }),
  type('sds', SECRET, 'secrets'),
  type('ecds', EXTENSION_CONFIG, 'extension_configs'),
  type('lds', LISTENER, 'listeners', { fullState: true, wildcardByDefault: true }),
  type('srds', SCOPED_ROUTE, 'scoped_routes', { fullState: true, wildcardByDefault: true }),
  type('rds', ROUTE, 'routes'),
  type('vhds', VIRTUAL_HOST, 'virtual_hosts', { wildcardByDefault: true }),
  type('rtds', RUNTIME, 'runtimes'),
];

const byTypeUrl = new Map<string, ResourceType>(RESOURCE_TYPES.map(entry => [entry.typeUrl, entry]));

/** The table row of a type, or undefined for a type that only passes through (`resources:` in a file). */
export function resourceType(typeUrl: string): ResourceType | undefined {
  return byTypeUrl.get(typeUrl);
}

/** A bounded label for metrics: the short name, or `other`. */
export function shortNameOf(typeUrl: string): ResourceTypeName | 'other' {
  return byTypeUrl.get(typeUrl)?.shortName ?? 'other';
}
