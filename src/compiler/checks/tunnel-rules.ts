import { messageNameOf } from '../../resources/type-url.ts';
import {
  messageField,
  messagesField,
  oneofMessage,
  stringField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';

const REVERSE_CONNECTION = 'envoy.extensions.clusters.reverse_connection.v3.ReverseConnectionClusterConfig';
const UPSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const DOWNSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

/** Reverse tunnels whose data would be in the clear (AP1604), or where a node can claim the id of another (AP1605). */
export const tunnelRules: MessageChecks = {
  'envoy.config.cluster.v3.Cluster': checkCluster,
  'envoy.config.listener.v3.Listener': checkListener,
  'envoy.extensions.filters.network.reverse_tunnel.v3.ReverseTunnel': checkFilter,
  [REVERSE_CONNECTION]: noteHostHeaders,
};

function checkCluster(node: WalkNode, context: CheckContext): void {
  const type = oneofMessage(node.message, 'clusterDiscoveryType', 'clusterType');
  if (type === undefined || configTypeOf(type) !== REVERSE_CONNECTION) return;
  if (configTypeOf(messageField(node.message, 'transportSocket')) === UPSTREAM_TLS) return;
  const message =
    'a reverse-connection cluster needs a TLS transport_socket: the TLS of the dial does not protect the data';
  context.report(node, ['transport_socket'], { code: 'AP1604', message });
}

function checkListener(node: WalkNode, context: CheckContext): void {
  const address = messageField(node.message, 'address');
  const socket = address === undefined ? undefined : oneofMessage(address, 'address', 'socketAddress');
  if (socket === undefined || !stringField(socket, 'address').startsWith('rc://')) return;
  const message =
    'a reverse-tunnel listener needs a TLS transport_socket: the TLS of the dial does not protect the data';
  messagesField(node.message, 'filterChains').forEach((chain, index) => {
    if (configTypeOf(messageField(chain, 'transportSocket')) === DOWNSTREAM_TLS) return;
    context.report(node, ['filter_chains', index], { code: 'AP1604', message });
  });
  const fallback = messageField(node.message, 'defaultFilterChain');
  if (fallback !== undefined && configTypeOf(messageField(fallback, 'transportSocket')) !== DOWNSTREAM_TLS) {
    context.report(node, ['default_filter_chain'], { code: 'AP1604', message });
  }
}

/** The message name in the `typed_config` of a transport socket or cluster type. */
function configTypeOf(holder: PlainMessage | undefined): string | undefined {
  if (holder === undefined) return undefined;
  const config = messageField(holder, 'typedConfig') ?? oneofMessage(holder, 'configType', 'typedConfig');
  return config === undefined ? undefined : messageNameOf(stringField(config, 'typeUrl'));
}

function checkFilter(node: WalkNode, context: CheckContext): void {
  const validation = messageField(node.message, 'validation');
  const format = validation === undefined ? '' : stringField(validation, 'nodeIdFormat');
  const isBound =
    format.includes('%DOWNSTREAM_PEER_') || messageField(node.message, 'jwtValidator') !== undefined;
  if (format !== '' && isBound) return;
  const message =
    format === ''
      ? 'without validation.node_id_format a node can claim the id of another'
      : 'validation.node_id_format does not name anything of the certificate of the node';
  context.report(node, ['validation', 'node_id_format'], { code: 'AP1605', message });
}

function noteHostHeaders(node: WalkNode, context: CheckContext): void {
  const formats = `${stringField(node.message, 'hostIdFormat')} ${stringField(node.message, 'tenantIdFormat')}`;
  const headers = [...formats.matchAll(/%REQ\(([^):?]+)/g)].map(match => (match[1] ?? '').toLowerCase());
  if (headers.length > 0) context.facts.hostHeaders = [...new Set(headers)];
}
