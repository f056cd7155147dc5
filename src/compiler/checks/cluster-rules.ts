import {
  mapField,
  messageField,
  messagesField,
  numberField,
  oneofMember,
  oneofMessage,
  stringField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { ancestorOf } from './message-fields.ts';
import { isIpAddress } from './ip-address.ts';
import { messageNameOf } from '../../resources/type-url.ts';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
/** Members of `Cluster.DiscoveryType`. */
const STATIC = 0;
const LOGICAL_DNS = 2;
const EDS = 3;
const ORIGINAL_DST = 4;
/** `Cluster.LbPolicy.CLUSTER_PROVIDED`. */
const CLUSTER_PROVIDED = 6;

/** What Envoy refuses in a cluster or its endpoints beside the field rules: AP1256, AP1257. */
export const clusterRules: MessageChecks = {
  [CLUSTER]: checkCluster,
  'envoy.config.endpoint.v3.LbEndpoint': checkLbEndpoint,
  'envoy.config.endpoint.v3.Endpoint': checkEndpoint,
  'envoy.config.core.v3.HealthCheck.HttpHealthCheck': checkStatuses,
  'envoy.config.core.v3.BindConfig': (node, context) => {
    const source = messageField(node.message, 'sourceAddress');
    const host = source === undefined ? undefined : stringField(source, 'address');
    if (host === undefined || isIpAddress(host)) return;
    const message = `"${host}" is not an IP address`;
    context.report(node, ['source_address', 'address'], { code: 'AP1256', message });
  },
};

const CUSTOM_BALANCERS: ReadonlySet<string> = new Set([
  'envoy.extensions.clusters.aggregate.v3.ClusterConfig',
  'envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
  'envoy.extensions.clusters.reverse_connection.v3.ReverseConnectionClusterConfig',
]);
const HTTP_PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const BALANCERS = 'envoy.extensions.load_balancing_policies.';
/** `ring_hash_lb_config` unless it is set. */
const DEFAULT_MINIMUM_RING = 1024;
const DEFAULT_MAXIMUM_RING = 8_388_608;

function discoveryType(cluster: PlainMessage): number | undefined {
  const member = oneofMember(cluster, 'clusterDiscoveryType');
  if (member === undefined) return STATIC;
  return member.case === 'type' && typeof member.value === 'number' ? member.value : undefined;
}

type Refuse = (field: string, text: string) => void;

function checkCluster(node: WalkNode, context: CheckContext): void {
  const refuse: Refuse = (field, text) => context.report(node, [field], { code: 'AP1256', message: text });
  checkEndpointSource(node.message, refuse);
  checkPolicy(node.message, refuse);
  checkTables(node.message, refuse);
  checkBalancers(node.message, refuse);
  const checks = messagesField(node.message, 'healthChecks');
  if (checks.length > 1 && checks.some(check => stringField(check, 'name') === '')) {
    refuse('health_checks', 'each of several health checks needs a name');
  }
  const hasGrpcCheck = checks.some(check => oneofMember(check, 'healthChecker')?.case === 'grpcHealthCheck');
  if (hasGrpcCheck && !speaksHttp2(node.message)) {
    refuse('health_checks', 'a gRPC health check needs a cluster that speaks HTTP/2');
  }
}

/** True when the cluster has protocol options, in the new form or for HTTP/2 in the old one. */
function speaksHttp2(cluster: PlainMessage): boolean {
  return (
    messageField(cluster, 'http2ProtocolOptions') !== undefined ||
    mapField(cluster, 'typedExtensionProtocolOptions').some(([name]) => name === HTTP_PROTOCOL_OPTIONS)
  );
}

function checkEndpointSource(cluster: PlainMessage, refuse: Refuse): void {
  const type = discoveryType(cluster);
  const eds = messageField(cluster, 'edsClusterConfig');
  if (type === EDS && (eds === undefined || messageField(eds, 'edsConfig') === undefined)) {
    refuse('eds_cluster_config', 'a cluster of type EDS needs eds_cluster_config with eds_config');
  } else if (type !== EDS && eds !== undefined) {
    refuse('eds_cluster_config', 'only a cluster of type EDS has eds_cluster_config');
  }
  const assignment = messageField(cluster, 'loadAssignment');
  if ((type === EDS || type === ORIGINAL_DST) && assignment !== undefined) {
    refuse('load_assignment', 'only a cluster of type STATIC, STRICT_DNS or LOGICAL_DNS has load_assignment');
  }
  if (type === LOGICAL_DNS && endpointCount(assignment) !== 1) {
    refuse('load_assignment', 'a cluster of type LOGICAL_DNS needs exactly one endpoint');
  }
}

function checkPolicy(cluster: PlainMessage, refuse: Refuse): void {
  const type = discoveryType(cluster);
  const policy = numberField(cluster, 'lbPolicy');
  if (type === ORIGINAL_DST && policy !== CLUSTER_PROVIDED) {
    refuse('lb_policy', 'a cluster of type ORIGINAL_DST needs lb_policy CLUSTER_PROVIDED');
  } else if (type !== undefined && type !== ORIGINAL_DST && policy === CLUSTER_PROVIDED) {
    refuse('lb_policy', 'lb_policy CLUSTER_PROVIDED is for clusters that bring their own load balancer');
  } else if (policy !== CLUSTER_PROVIDED && hasCustomBalancer(cluster)) {
    refuse('lb_policy', 'a cluster of this cluster_type needs lb_policy CLUSTER_PROVIDED');
  }
}

function hasCustomBalancer(cluster: PlainMessage): boolean {
  const type = oneofMessage(cluster, 'clusterDiscoveryType', 'clusterType');
  const config = type === undefined ? undefined : messageField(type, 'typedConfig');
  return config !== undefined && CUSTOM_BALANCERS.has(messageNameOf(stringField(config, 'typeUrl')));
}

function checkTables(cluster: PlainMessage, refuse: Refuse): void {
  const ring = oneofMessage(cluster, 'lbConfig', 'ringHashLbConfig');
  if (ring !== undefined) {
    const minimum = numberField(ring, 'minimumRingSize') ?? DEFAULT_MINIMUM_RING;
    const maximum = numberField(ring, 'maximumRingSize') ?? DEFAULT_MAXIMUM_RING;
    const text = `minimum_ring_size (${minimum}) is above maximum_ring_size (${maximum})`;
    if (minimum > maximum) refuse('ring_hash_lb_config', text);
  }
  const maglev = oneofMessage(cluster, 'lbConfig', 'maglevLbConfig');
  const size = maglev === undefined ? undefined : numberField(maglev, 'tableSize');
  if (size !== undefined && !isPrime(size))
    refuse('maglev_lb_config', `table_size must be a prime number, not ${size}`);
}

/** Envoy crashes at a table of 1. */
function isPrime(value: number): boolean {
  if (value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return true;
}

function checkBalancers(cluster: PlainMessage, refuse: Refuse): void {
  const balancing = messageField(cluster, 'loadBalancingPolicy');
  if (balancing === undefined) return;
  const types = messagesField(balancing, 'policies').map(policy => {
    const extension = messageField(policy, 'typedExtensionConfig');
    const config = extension === undefined ? undefined : messageField(extension, 'typedConfig');
    return config === undefined ? '' : messageNameOf(stringField(config, 'typeUrl'));
  });
  // Envoy takes the first one that it knows.
  if (types.some(type => type.startsWith(BALANCERS) || (type !== '' && !type.startsWith('envoy.')))) return;
  refuse('load_balancing_policy', 'there is no load balancing policy that Envoy knows');
}

function checkStatuses(node: WalkNode, context: CheckContext): void {
  for (const [field, localName] of [
    ['expected_statuses', 'expectedStatuses'],
    ['retriable_statuses', 'retriableStatuses'],
  ] as const) {
    messagesField(node.message, localName).forEach((range, index) => {
      const start = numberField(range, 'start') ?? 0;
      const end = numberField(range, 'end') ?? 0;
      if (start >= 100 && start < end && end <= 600) return;
      const message = `statuses run from 100 to 600, the end not included; given are ${start} to ${end}`;
      context.report(node, [field, index], { code: 'AP1256', message });
    });
  }
}

function endpointCount(assignment: PlainMessage | undefined): number {
  if (assignment === undefined) return 0;
  return messagesField(assignment, 'endpoints').reduce(
    (count, locality) => count + messagesField(locality, 'lbEndpoints').length,
    0,
  );
}

function checkLbEndpoint(node: WalkNode, context: CheckContext): void {
  const host = oneofMember(node.message, 'hostIdentifier');
  if (host?.case === 'endpointName') return;
  const endpoint = oneofMessage(node.message, 'hostIdentifier', 'endpoint');
  if (endpoint !== undefined && messageField(endpoint, 'address') !== undefined) return;
  context.report(node, [], { code: 'AP1257', message: 'the endpoint has no address' });
}

/** Endpoints of EDS and STATIC clusters are addresses; names need a cluster that resolves them. */
function checkEndpoint(node: WalkNode, context: CheckContext): void {
  const address = messageField(node.message, 'address');
  const socket = address === undefined ? undefined : oneofMessage(address, 'address', 'socketAddress');
  if (socket === undefined || stringField(socket, 'resolverName') !== '') return;
  const cluster = ancestorOf(node, CLUSTER);
  const resolves = cluster !== undefined && discoveryType(cluster.message) !== STATIC;
  const host = stringField(socket, 'address');
  if (resolves || isIpAddress(host)) return;
  const message = `"${host}" is not an IP address; a cluster of type STRICT_DNS or LOGICAL_DNS resolves names`;
  context.report(node, ['address', 'socket_address', 'address'], { code: 'AP1257', message });
}
