import type { JsonObject } from '@bufbuild/protobuf';
import { CLUSTER, LISTENER } from '../../resources/type-url.ts';
import { compileCel } from '../auth/cel.ts';
import { typed } from '../auth/nested-filter.ts';
import { certificateName } from '../auth/principals.ts';
import type { CheckedResource } from '../checked-file.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import type { Generator } from '../generator.ts';
import { callersOf, identityOf, type ServiceIndex } from './mesh-index.ts';
import {
  address,
  allowRules,
  downstreamTls,
  httpManager,
  httpOptions,
  MAX_CONNECTION,
  rbac,
  tcpProxy,
  type SidecarIdentity,
} from './mesh-parts.ts';
import { PROTOCOL, type ServicePortSpec, type ServiceSpec } from './service-spec.ts';

/** Where a sidecar takes the calls of its service. */
export interface InboundContext {
  readonly generator: Generator;
  readonly services: ServiceIndex;
  readonly identity: SidecarIdentity;
  /** Address of the listeners. */
  readonly host: string;
  readonly nowMs: number;
}

/**
 * The listener of one port: mutual TLS, then only callers that are named, then the service on loopback. A port that is permissive has a second chain
 * for plaintext whose only policy is bound to a time, so that Envoy ends it by itself, also when authplane is gone.
 */
export function inboundPort(
  context: InboundContext,
  service: DeclaredEntry<ServiceSpec>,
  port: ServicePortSpec,
  index: number,
): readonly CheckedResource[] {
  const { generator, identity, host, nowMs } = context;
  const name = `mesh/inbound/${port.name}`;
  const origin = service.at(['ports', index]);
  const callers = callersOf(service.spec, port).flatMap(caller => identityOf(caller, context.services) ?? []);
  const principals = callers.map(id => certificateName('URI', id));
  const chain = {
    filters: filtersOf(port, name, allowRules(principals)),
    transport_socket: downstreamTls(identity, port.protocol),
  };
  const plaintext = plaintextRules(port, nowMs);
  const listener: JsonObject = {
    name,
    address: address(host, port.port),
    traffic_direction: 'INBOUND',
    ...(plaintext === undefined
      ? { filter_chains: [chain] }
      : {
          listener_filters: [TLS_INSPECTOR],
          filter_chains: [
            { filter_chain_match: { transport_protocol: 'tls' }, ...chain },
            {
              filter_chain_match: { transport_protocol: 'raw_buffer' },
              filters: filtersOf(port, `${name}/plaintext`, plaintext),
            },
          ],
        }),
  };
  const cluster = {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address('127.0.0.1', port.appPort) } }] }],
    },
    ...httpOptions(port.protocol),
  };
  return [generator.make(LISTENER, listener, origin), generator.make(CLUSTER, cluster, origin)];
}

const TLS_INSPECTOR: JsonObject = {
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: typed('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector'),
};

function filtersOf(port: ServicePortSpec, name: string, rules: JsonObject): JsonObject[] {
  const cluster = `mesh/inbound/${port.name}`;
  if (port.protocol === PROTOCOL.tcp) return [rbac('network', name, rules), tcpProxy(name, cluster)];
  return [
    httpManager(name, port.protocol, cluster, [rbac('http', name, rules)], {
      max_connection_duration: MAX_CONNECTION.inbound,
    }),
  ];
}

/** When a permissive port stops to take plaintext, in milliseconds since the epoch; undefined: it never does. */
export function permissiveUntilMs({ permissive }: ServicePortSpec): number | undefined {
  return permissive?.expires === undefined ? undefined : Number(permissive.expires.seconds) * 1000;
}

/** Undefined: plaintext is refused. */
function plaintextRules(port: ServicePortSpec, nowMs: number): JsonObject | undefined {
  const untilMs = permissiveUntilMs(port);
  if (untilMs === undefined || untilMs <= nowMs || port.protocol === PROTOCOL.tcp) return undefined;
  const until = new Date(untilMs).toISOString();
  const cel = compileCel(`request.time < timestamp("${until}")`);
  // A text of ours that cannot be parsed would be a defect; without a condition nothing is allowed.
  return cel.kind === 'parsed' ? allowRules([{ any: true }], cel.expression) : undefined;
}
