import { messageNameOf } from '../../resources/type-url.ts';
import {
  messageField,
  messagesField,
  numberField,
  oneofMember,
  oneofMessage,
  stringField,
  stringsField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { overlappingMatches } from './filter-chain-matches.ts';
import { isIpAddress, isIpv4 } from './ip-address.ts';

const NETWORK = 'envoy.extensions.filters.network';

/** Network filters that end a chain. */
const TERMINAL_NETWORK_FILTERS: ReadonlySet<string> = new Set([
  `${NETWORK}.direct_response.v3.Config`,
  `${NETWORK}.dubbo_proxy.v3.DubboProxy`,
  `${NETWORK}.echo.v3.Echo`,
  `${NETWORK}.generic_proxy.v3.GenericProxy`,
  `${NETWORK}.http_connection_manager.v3.HttpConnectionManager`,
  `${NETWORK}.redis_proxy.v3.RedisProxy`,
  `${NETWORK}.reverse_tunnel.v3.DrainAwareHttpConnectionManager`,
  `${NETWORK}.reverse_tunnel.v3.ReverseTunnel`,
  `${NETWORK}.tcp_proxy.v3.TcpProxy`,
  `${NETWORK}.thrift_proxy.v3.ThriftProxy`,
]);

/** What Envoy refuses in a listener beside the field rules: AP1254, AP1258. */
export const listenerRules: MessageChecks = {
  'envoy.config.listener.v3.Listener': checkListener,
  'envoy.config.listener.v3.FilterChain': checkFilterChain,
  'envoy.config.listener.v3.FilterChainMatch': checkMatch,
  'envoy.config.core.v3.CidrRange': checkRange,
  'envoy.config.core.v3.SocketAddress': checkResolver,
  [`${NETWORK}.connection_limit.v3.ConnectionLimit`]: (node, context) => {
    if (numberField(node.message, 'maxConnections') !== undefined) return;
    context.report(node, ['max_connections'], { code: 'AP1258', message: 'max_connections is missing' });
  },
};

const REVERSE_CONNECTION = 'envoy.resolvers.reverse_connection';
/** Address resolvers of Envoy 1.40. */
const RESOLVERS: ReadonlySet<string> = new Set(['', 'envoy.ip', REVERSE_CONNECTION]);
const REVERSE_ADDRESS = /^rc:\/\/[^:@]+:[^:@]+:[^:@]*@[^:@]+:[1-9]\d*$/;

function checkListener(node: WalkNode, context: CheckContext): void {
  const { message } = node;
  const refuse: Refuse = (path, text) => context.report(node, path, { code: 'AP1258', message: text });
  checkAddress(message, refuse);
  const chains = messagesField(message, 'filterChains');
  const isServed =
    messageField(message, 'defaultFilterChain') !== undefined ||
    messageField(message, 'apiListener') !== undefined ||
    messageField(message, 'udpListenerConfig') !== undefined ||
    messageField(message, 'fcdsConfig') !== undefined;
  if (chains.length === 0 && !isServed) refuse([], 'the listener has no filter chain');
  if (messageField(message, 'filterChainMatcher') !== undefined) return;
  for (const { first, second } of overlappingMatches(
    chains.map(chain => messageField(chain, 'filterChainMatch')),
  )) {
    const text =
      first === second
        ? 'the filter chain names the same connections twice'
        : `filter chains ${first} and ${second} match the same connections`;
    refuse(['filter_chains', second, 'filter_chain_match'], text);
  }
}

type Refuse = (path: readonly (string | number)[], text: string) => void;

function checkAddress(message: PlainMessage, refuse: Refuse): void {
  const address = messageField(message, 'address');
  const isInternal = oneofMessage(message, 'listenerSpecifier', 'internalListener') !== undefined;
  const needsNone = isInternal || messageField(message, 'apiListener') !== undefined;
  if (address !== undefined || !needsNone) checkHost(address, ['address'], refuse);
  messagesField(message, 'additionalAddresses').forEach((additional, index) => {
    checkHost(messageField(additional, 'address'), ['additional_addresses', index, 'address'], refuse);
  });
}

function checkHost(
  address: PlainMessage | undefined,
  path: readonly (string | number)[],
  refuse: Refuse,
): void {
  if (address === undefined) {
    refuse(path, 'the address is missing');
    return;
  }
  const socket = oneofMessage(address, 'address', 'socketAddress');
  if (socket === undefined || stringField(socket, 'resolverName') !== '') return;
  const host = stringField(socket, 'address');
  if (!isIpAddress(host)) {
    refuse([...path, 'socket_address', 'address'], `a listener needs an IP address, not "${host}"`);
  }
  if (oneofMember(socket, 'portSpecifier')?.case === 'namedPort') {
    refuse([...path, 'socket_address', 'named_port'], 'a listener needs a port_value');
  }
}

function checkFilterChain(node: WalkNode, context: CheckContext): void {
  const filters = messagesField(node.message, 'filters');
  filters.forEach((filter, index) => {
    const config = oneofMessage(filter, 'configType', 'typedConfig');
    if (config === undefined) return;
    const typeName = messageNameOf(stringField(config, 'typeUrl'));
    const isLast = index === filters.length - 1;
    // Envoy's own filters only: what an extension of others does is not known here.
    if (TERMINAL_NETWORK_FILTERS.has(typeName) === isLast || !typeName.startsWith(`${NETWORK}.`)) return;
    const name = stringField(filter, 'name');
    const message = isLast
      ? `"${name}" is the last network filter, but does not handle the connection itself`
      : `"${name}" handles the connection itself, so the filters after it would never run`;
    context.report(node, ['filters', index], { code: 'AP1254', message });
  });
}

function checkMatch(node: WalkNode, context: CheckContext): void {
  stringsField(node.message, 'serverNames').forEach((name, index) => {
    const isFine = !name.includes('*') || /^\*\.[^*]+$/.test(name);
    if (isFine && name !== '') return;
    const message = `server name "${name}" may have a * as its first label only`;
    context.report(node, ['server_names', index], { code: 'AP1258', message });
  });
}

function checkRange(node: WalkNode, context: CheckContext): void {
  const prefix = stringField(node.message, 'addressPrefix');
  const length = numberField(node.message, 'prefixLen') ?? 0;
  if (isIpAddress(prefix) && (length <= 32 || !isIpv4(prefix))) return;
  const message = `"${prefix}/${length}" is not a range of IP addresses`;
  context.report(node, ['address_prefix'], { code: 'AP1258', message });
}

function checkResolver(node: WalkNode, context: CheckContext): void {
  const resolver = stringField(node.message, 'resolverName');
  if (!RESOLVERS.has(resolver)) {
    context.report(node, ['resolver_name'], {
      code: 'AP1258',
      message: `unknown address resolver "${resolver}"`,
    });
  }
  if (resolver !== REVERSE_CONNECTION) return;
  if (!REVERSE_ADDRESS.test(stringField(node.message, 'address'))) {
    const message =
      'the address of a reverse tunnel has the form rc://node:cluster:tenant@upstream_cluster:count';
    context.report(node, ['address'], { code: 'AP1258', message });
  }
  const port = oneofMember(node.message, 'portSpecifier');
  if (port?.value === 0) return;
  context.report(node, ['port_value'], { code: 'AP1258', message: 'the port of a reverse tunnel must be 0' });
}
