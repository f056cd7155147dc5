import type { JsonObject } from '@bufbuild/protobuf';
import { CLUSTER, ENDPOINTS, LISTENER } from '../../resources/type-url.ts';
import type { Origin } from '../../resources/resource.ts';
import type { CheckedResource } from '../checked-file.ts';
import { ADS_SOURCE } from '../auth/auth-names.ts';
import { isIpAddress } from '../checks/ip-address.ts';
import type { Generator } from '../generator.ts';
import {
  address,
  httpManager,
  httpOptions,
  MAX_CONNECTION,
  tcpProxy,
  upstreamTls,
  type SidecarIdentity,
} from './mesh-parts.ts';
import { PROTOCOL, type ServicePortSpec, type ServiceSpec } from './service-spec.ts';

/** A call that is allowed. */
export interface OutboundCall {
  readonly service: ServiceSpec;
  readonly port: ServicePortSpec;
  readonly localPort: number;
  readonly origin: Origin;
}

/** A listener on loopback, and the cluster behind it: the sidecars of the service that is called, over mutual TLS, verified by their identity. */
export function outboundCall(
  generator: Generator,
  identity: SidecarIdentity,
  call: OutboundCall,
): readonly CheckedResource[] {
  const { service, port, localPort, origin } = call;
  const name = `mesh/outbound/${service.name}/${port.name}`;
  const filter =
    port.protocol === PROTOCOL.tcp ? tcpProxy(name, name) : httpManager(name, port.protocol, name, []);
  const listener: JsonObject = {
    name,
    address: address('127.0.0.1', localPort),
    traffic_direction: 'OUTBOUND',
    filter_chains: [{ filters: [filter] }],
  };
  const assignment: JsonObject = {
    cluster_name: name,
    endpoints: [
      {
        lb_endpoints: service.addresses.map(host => ({ endpoint: { address: address(host, port.port) } })),
      },
    ],
  };
  // Host names are resolved by the proxy; addresses come by EDS, so that a change of them leaves connections alone.
  const isByName = !service.addresses.every(isIpAddress);
  const discovery: JsonObject = isByName
    ? { type: 'STRICT_DNS', load_assignment: assignment }
    : { type: 'EDS', eds_cluster_config: { eds_config: ADS_SOURCE } };
  const cluster = {
    name,
    connect_timeout: '2s',
    ...discovery,
    ...httpOptions(port.protocol, { max_connection_duration: MAX_CONNECTION.outbound }),
    transport_socket: upstreamTls(identity, port.protocol, service.spiffeId),
  };
  return [
    generator.make(LISTENER, listener, origin),
    generator.make(CLUSTER, cluster, origin),
    ...(isByName ? [] : [generator.make(ENDPOINTS, assignment, origin)]),
  ];
}
