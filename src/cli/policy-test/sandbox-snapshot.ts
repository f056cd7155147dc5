import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { resourceJson, withContent } from '../../compiler/resource-json.ts';
import type { Schema } from '../../compiler/schema/registry.ts';
import { HOLDER_LISTENER } from '../../compiler/auth/auth-names.ts';
import { ResourceSet } from '../../resources/resource-set.ts';
import { makeSnapshot, resourcesOf, type Snapshot } from '../../resources/snapshot.ts';
import { CLUSTER, EXTENSION_CONFIG, LISTENER } from '../../resources/type-url.ts';

/** Where the sandbox leads. */
export interface SandboxPorts {
  /** A port for each listener, by its name. */
  readonly listeners: ReadonlyMap<string, number>;
  readonly upstream: { readonly http1: number; readonly http2: number };
  readonly external: { readonly http1: number; readonly http2: number };
}

/**
 * The snapshot with its listeners on ports of loopback and its clusters leading to stand-ins; everything else, auth above all, is as it
 * would be served.
 */
export function sandboxSnapshot(schema: Schema, snapshot: Snapshot, ports: SandboxPorts): Snapshot {
  const external = externalClusters(schema, snapshot);
  const resources = new Map(snapshot.resources);
  const listeners = [...resourcesOf(snapshot, LISTENER).byName.values()].map(listener => {
    const port = ports.listeners.get(listener.name);
    if (port === undefined) return listener;
    const address = { socket_address: { address: '127.0.0.1', port_value: port } };
    const json = { ...resourceJson(schema, listener), address, additional_addresses: [] };
    return withContent(schema, listener, json);
  });
  resources.set(LISTENER, ResourceSet.of(listeners));
  const clusters = [...resourcesOf(snapshot, CLUSTER).byName.values()].map(cluster => {
    const json = resourceJson(schema, cluster);
    const target = external.has(cluster.name) ? ports.external : ports.upstream;
    return withContent(schema, cluster, standIn(json, usesHttp2(json) ? target.http2 : target.http1), []);
  });
  resources.set(CLUSTER, ResourceSet.of(clusters));
  return makeSnapshot(snapshot.files, resources, snapshot);
}

/** The listeners that requests can be sent to. */
export function listenerNames(snapshot: Snapshot): readonly string[] {
  return [...resourcesOf(snapshot, LISTENER).byName.keys()].filter(name => name !== HOLDER_LISTENER);
}

/** True for a listener whose connections are TLS. */
export function isTlsListener(schema: Schema, snapshot: Snapshot, name: string): boolean {
  const listener = resourcesOf(snapshot, LISTENER).byName.get(name);
  if (listener === undefined) return false;
  const chains = (resourceJson(schema, listener)['filter_chains'] ?? []) as JsonObject[];
  return chains.some(chain => chain['transport_socket'] !== undefined);
}

function standIn(cluster: JsonObject, port: number): JsonObject {
  const { name, connect_timeout: timeout = '1s', typed_extension_protocol_options: options } = cluster;
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return {
    name: name ?? '',
    type: 'STATIC',
    connect_timeout: timeout,
    ...(options === undefined ? {} : { typed_extension_protocol_options: options }),
    load_assignment: {
      cluster_name: name ?? '',
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
  };
}

/** Whether Envoy speaks HTTP/2 to the cluster without asking. */
function usesHttp2(cluster: JsonObject): boolean {
  return JSON.stringify(cluster['typed_extension_protocol_options'] ?? {}).includes(
    '"http2_protocol_options"',
  );
}

/** Clusters that chains ask for decisions. */
function externalClusters(schema: Schema, snapshot: Snapshot): ReadonlySet<string> {
  const names = new Set<string>();
  for (const extension of resourcesOf(snapshot, EXTENSION_CONFIG).byName.values()) {
    collect(resourceJson(schema, extension), names);
  }
  return names;
}

function collect(value: JsonValue, names: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, names);
  else if (typeof value === 'object' && value !== null) {
    if (value['@type'] === 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz') {
      for (const [, name] of JSON.stringify(value).matchAll(/"cluster(?:_name)?":"([^"]*)"/g))
        names.add(name ?? '');
    }
    for (const item of Object.values(value)) collect(item, names);
  }
}
