import type { MethodDefinition } from '@grpc/grpc-js';
import { ClusterDiscoveryServiceService as Cds } from '../gen/envoy/service/cluster/v3/cds.ts';
import { AggregatedDiscoveryServiceService as Ads } from '../gen/envoy/service/discovery/v3/ads.ts';
import { EndpointDiscoveryServiceService as Eds } from '../gen/envoy/service/endpoint/v3/eds.ts';
import { ExtensionConfigDiscoveryServiceService as Ecds } from '../gen/envoy/service/extension/v3/config_discovery.ts';
import { ListenerDiscoveryServiceService as Lds } from '../gen/envoy/service/listener/v3/lds.ts';
import {
  RouteDiscoveryServiceService as Rds,
  VirtualHostDiscoveryServiceService as Vhds,
} from '../gen/envoy/service/route/v3/rds.ts';
import { ScopedRoutesDiscoveryServiceService as Srds } from '../gen/envoy/service/route/v3/srds.ts';
import { RuntimeDiscoveryServiceService as Rtds } from '../gen/envoy/service/runtime/v3/rtds.ts';
import { SecretDiscoveryServiceService as Sds } from '../gen/envoy/service/secret/v3/sds.ts';
import * as types from '../resources/type-url.ts';
import type { StreamView } from './stream-view.ts';

/** One streaming method of one discovery service. */
export interface DiscoveryMethod {
  readonly service: StreamView['service'];
  readonly variant: 'sotw' | 'delta';
  /** The type that the service implies; undefined on ADS. */
  readonly typeUrl: types.TypeUrl | undefined;
  /** Messages pass as bytes: authplane reads and writes them itself. */
  readonly definition: MethodDefinition<Buffer, Buffer>;
}

type Path = Pick<MethodDefinition<unknown, unknown>, 'path'>;

/**
 * Every method that is served ("RPC Services and Methods for Each Variant"). VHDS has no state of the world.
 * The unary Fetch methods are left out, so that grpc-js answers UNIMPLEMENTED without reading the request: an
 * authorization that forgets them cannot leak through them (CVE-2026-53714).
 */
export const DISCOVERY_METHODS: readonly DiscoveryMethod[] = [
  ...methods('ads', undefined, Ads.streamAggregatedResources, Ads.deltaAggregatedResources),
  ...methods('cds', types.CLUSTER, Cds.streamClusters, Cds.deltaClusters),
  ...methods('eds', types.ENDPOINTS, Eds.streamEndpoints, Eds.deltaEndpoints),
  ...methods('lds', types.LISTENER, Lds.streamListeners, Lds.deltaListeners),
  ...methods('rds', types.ROUTE, Rds.streamRoutes, Rds.deltaRoutes),
  ...methods('srds', types.SCOPED_ROUTE, Srds.streamScopedRoutes, Srds.deltaScopedRoutes),
  ...methods('vhds', types.VIRTUAL_HOST, undefined, Vhds.deltaVirtualHosts),
  ...methods('sds', types.SECRET, Sds.streamSecrets, Sds.deltaSecrets),
  ...methods('rtds', types.RUNTIME, Rtds.streamRuntime, Rtds.deltaRuntime),
  ...methods('ecds', types.EXTENSION_CONFIG, Ecds.streamExtensionConfigs, Ecds.deltaExtensionConfigs),
];

function methods(
  service: StreamView['service'],
  typeUrl: types.TypeUrl | undefined,
  sotw: Path | undefined,
  delta: Path,
): DiscoveryMethod[] {
  const deltaMethod = method(service, 'delta', typeUrl, delta);
  return sotw === undefined ? [deltaMethod] : [method(service, 'sotw', typeUrl, sotw), deltaMethod];
}

function method(
  service: StreamView['service'],
  variant: 'sotw' | 'delta',
  typeUrl: types.TypeUrl | undefined,
  { path }: Path,
): DiscoveryMethod {
  return { service, variant, typeUrl, definition: rawMethod(path) };
}

/** A bidirectional method whose messages stay bytes. */
export function rawMethod(path: string): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: passThrough,
    requestDeserialize: passThrough,
    responseSerialize: passThrough,
    responseDeserialize: passThrough,
  };
}

function passThrough(bytes: Buffer): Buffer {
  return bytes;
}

/** The names of all discovery services, for health checks. */
export function discoveryServiceNames(): string[] {
  const names = DISCOVERY_METHODS.map(entry => entry.definition.path.split('/')[1] ?? '');
  return [...new Set(names)];
}
