import { messageNameOf } from '../../resources/type-url.ts';
import { messageField, oneofMember, oneofMessage, stringField } from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageCheck, MessageChecks } from './check-context.ts';
import { fitsSlot, type ExtensionSlot } from './extension-slots.ts';

const LISTENER = 'envoy.config.listener.v3';
const FILTER_CHAIN = `${LISTENER}.FilterChain`;

/** AP1259: extensions without a configuration, or with one of an extension that does not fit there. */
export const extensionRules: MessageChecks = {
  [`${LISTENER}.Filter`]: inSlot('networkFilter'),
  [`${LISTENER}.ListenerFilter`]: inSlot('listenerFilter'),
  'envoy.config.cluster.v3.Filter': needsConfiguration,
  'envoy.config.cluster.v3.Cluster.CustomClusterType': needsConfiguration,
  'envoy.config.core.v3.TransportSocket': (node, context) => {
    inSlot(node.parent?.typeName === FILTER_CHAIN ? 'downstreamSocket' : 'upstreamSocket')(node, context);
  },
  'envoy.config.accesslog.v3.AccessLog': inSlot('accessLog'),
  'envoy.config.trace.v3.Tracing.Http': needsConfiguration,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': (node, context) => {
    // Filters on the way to an upstream are another category, which no list is kept of.
    const isDownstream = node.parent?.typeName.endsWith('.HttpConnectionManager') === true;
    (isDownstream ? inSlot('httpFilter') : needsConfiguration)(node, context);
  },
  'envoy.config.core.v3.TypedExtensionConfig': (node, context) => {
    if (node.parent?.typeName === 'envoy.extensions.filters.http.filter_chain.v3.FilterChain') {
      inSlot('httpFilter')(node, context);
    }
  },
};

function configurationOf(node: WalkNode) {
  return messageField(node.message, 'typedConfig') ?? oneofMessage(node.message, 'configType', 'typedConfig');
}

function needsConfiguration(node: WalkNode, context: CheckContext): void {
  if (configurationOf(node) !== undefined || oneofMember(node.message, 'configType') !== undefined) return;
  const message = `"${stringField(node.message, 'name')}" has no typed_config`;
  context.report(node, [], { code: 'AP1259', message });
}

function inSlot(slot: ExtensionSlot): MessageCheck {
  return (node, context) => {
    needsConfiguration(node, context);
    const configuration = configurationOf(node);
    if (configuration === undefined) return;
    const typeName = messageNameOf(stringField(configuration, 'typeUrl'));
    if (typeName === '' || fitsSlot(slot, typeName)) return;
    const message = `Envoy has no extension with configuration ${typeName} that fits here`;
    context.report(node, ['typed_config', '@type'], { code: 'AP1259', message });
  };
}
