import type { JsonValue } from '@bufbuild/protobuf';
import type { Schema } from '../compiler/schema/registry.ts';
import { resourcesOf, type Snapshot } from '../resources/snapshot.ts';
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION_CONFIG,
  LISTENER,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  type TypeUrl,
} from '../resources/type-url.ts';
import { resourceJson, type JsonRecord } from '../compiler/resource-json.ts';

/** What references by name are replaced with. */
interface Definitions {
  readonly routes: ReadonlyMap<string, JsonRecord>;
  readonly scopedRoutes: readonly JsonRecord[];
  readonly secrets: ReadonlyMap<string, JsonRecord>;
  readonly extensions: ReadonlyMap<string, JsonRecord>;
  readonly endpoints: ReadonlyMap<string, JsonRecord>;
}

/**
 * An Envoy bootstrap with all resources of a snapshot static: endpoints inside their clusters, routes and extension
 * configurations inside their listeners, secrets beside them. So Envoy checks, in validate mode, what it
 * would otherwise only see over xDS. Contains private keys: keep it private.
 */
export function staticConfig(schema: Schema, snapshot: Snapshot): JsonRecord {
  const byName = (typeUrl: TypeUrl): ReadonlyMap<string, JsonRecord> =>
    new Map(
      [...resourcesOf(snapshot, typeUrl).byName].map(([name, resource]) => [
        name,
        resourceJson(schema, resource),
      ]),
    );
  const definitions: Definitions = {
    routes: byName(ROUTE),
    scopedRoutes: [...byName(SCOPED_ROUTE).values()],
    secrets: byName(SECRET),
    extensions: byName(EXTENSION_CONFIG),
    endpoints: byName(ENDPOINTS),
  };
  const clusters = [...byName(CLUSTER).values()].map(cluster => inlineEndpoints(cluster, definitions));
  const listeners = [...byName(LISTENER).values()];
  return {
    node: { id: 'authplane-validate', cluster: 'authplane-validate' },
    // Sources that stay dynamic (on-demand clusters, virtual hosts) need somewhere to point at; nothing is ever asked.
    dynamic_resources: {
      ads_config: { api_type: 'DELTA_GRPC', transport_api_version: 'V3', grpc_services: [grpcService()] },
    },
    static_resources: {
      clusters: [...clusters.map(cluster => inline(cluster, definitions)), controlPlane()],
      listeners: listeners.map(listener => inline(listener, definitions)),
      secrets: [...definitions.secrets.values()],
    },
  };
}

const PLACEHOLDER = 'authplane-validate-ads';

function grpcService(): JsonRecord {
  return { envoy_grpc: { cluster_name: PLACEHOLDER } };
}

function controlPlane(): JsonRecord {
  return {
    name: PLACEHOLDER,
    type: 'STATIC',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };
}

function inlineEndpoints(cluster: JsonRecord, { endpoints }: Definitions): JsonRecord {
  if (cluster['type'] !== 'EDS') return cluster;
  const { eds_cluster_config: eds, ...rest } = cluster;
  const service = isRecord(eds) ? eds['service_name'] : undefined;
  const name = typeof service === 'string' && service !== '' ? service : text(cluster['name']);
  return { ...rest, type: 'STATIC', load_assignment: endpoints.get(name) ?? { cluster_name: name } };
}

/** Replaces references at any depth. */
function inline(value: JsonRecord, definitions: Definitions): JsonRecord {
  const replaced = inlineExtension(inlineSecret(inlineRoutes(value, definitions), definitions), definitions);
  return Object.fromEntries(
    Object.entries(replaced).map(([key, entry]) => [key, inlineValue(entry, definitions)]),
  );
}

function inlineValue(value: JsonValue, definitions: Definitions): JsonValue {
  if (Array.isArray(value)) return value.map(item => inlineValue(item, definitions));
  return isRecord(value) ? inline(value, definitions) : value;
}

/** HttpConnectionManager: `rds` and `scoped_routes`. */
function inlineRoutes(value: JsonRecord, definitions: Definitions): JsonRecord {
  const { rds, scoped_routes: scoped, ...rest } = value;
  if (isRecord(rds)) {
    const route = definitions.routes.get(text(rds['route_config_name']));
    return route === undefined ? value : { ...rest, route_config: route };
  }
  if (!isRecord(scoped) || !isRecord(scoped['scoped_rds'])) return value;
  const kept = Object.fromEntries(Object.entries(scoped).filter(([key]) => key !== 'scoped_rds'));
  const configurations = definitions.scopedRoutes.map(entry => {
    const { route_configuration_name: name, ...other } = entry;
    const route = definitions.routes.get(text(name));
    return route === undefined ? entry : { ...other, route_configuration: route };
  });
  const list = { scoped_route_configurations: configurations };
  return { ...rest, scoped_routes: { ...kept, scoped_route_configurations_list: list } };
}

/** SdsSecretConfig: without a source the name means a static secret. */
function inlineSecret(value: JsonRecord, { secrets }: Definitions): JsonRecord {
  const { sds_config: source, ...rest } = value;
  return isRecord(source) && secrets.has(text(value['name'])) ? rest : value;
}

/** Filters with `config_discovery`. */
function inlineExtension(value: JsonRecord, { extensions }: Definitions): JsonRecord {
  const { config_discovery: discovery, ...rest } = value;
  const extension = isRecord(discovery) ? extensions.get(text(value['name'])) : undefined;
  return extension?.['typed_config'] === undefined
    ? value
    : { ...rest, typed_config: extension['typed_config'] };
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function isRecord(value: JsonValue | undefined): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
