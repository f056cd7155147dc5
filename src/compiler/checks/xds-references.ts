import type { Reference } from '../../resources/reference.ts';
import { messageNameOf } from '../../resources/type-url.ts';
import type { SecretKind } from '../facts.ts';
import {
  messageField,
  messagesField,
  numberField,
  oneofMember,
  stringField,
  stringsField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { ancestorOf, fingerprint } from './message-fields.ts';

/** `ApiVersion.V3`. */
const V3 = 2;
/** `Cluster.DiscoveryType.EDS`. */
const EDS = 3;
const COMMON_TLS_CONTEXT = 'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext';

/** Collects what a resource asks for by name over xDS: endpoints, route configurations, secrets, extension configurations. */
export const xdsReferences: MessageChecks = {
  'envoy.config.cluster.v3.Cluster': collectEndpoints,
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': collectRoute,
  'envoy.config.route.v3.ScopedRouteConfiguration': collectScopedRoute,
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': collectSecret,
  'envoy.extensions.transport_sockets.tls.cert_mappers.sni.v3.SNI': collectMappedSecret('default_value'),
  'envoy.extensions.transport_sockets.tls.cert_mappers.static_name.v3.StaticName':
    collectMappedSecret('name'),
  'envoy.extensions.transport_sockets.tls.cert_mappers.filter_state_override.v3.Config':
    collectMappedSecret('default_value'),
  'envoy.config.core.v3.ExtensionConfigSource': collectExtension,
  'envoy.config.route.v3.Vhds': collectVirtualHosts,
};

/** True when the config source is the ADS stream (`ads`, or `self`), and so a matter of this snapshot. */
function isOwnSource(configSource: PlainMessage | undefined): boolean {
  const member = configSource === undefined ? undefined : oneofMember(configSource, 'configSourceSpecifier');
  return member?.case === 'ads' || member?.case === 'self';
}

/** True for `{ads: {}, resource_api_version: V3}` and nothing else. */
function isPlainSource(configSource: PlainMessage): boolean {
  return (
    oneofMember(configSource, 'configSourceSpecifier')?.case === 'ads' &&
    numberField(configSource, 'resourceApiVersion') === V3 &&
    messageField(configSource, 'initialFetchTimeout') === undefined &&
    messagesField(configSource, 'authorities').length === 0
  );
}

function collect(context: CheckContext, source: PlainMessage | undefined, reference: Reference): boolean {
  if (reference.name === '' || source === undefined || !isOwnSource(source)) return false;
  context.facts.reference(reference);
  if (!isPlainSource(source)) {
    const { kind, name, path } = reference;
    context.facts.configSources.push({
      kind,
      name,
      fingerprint: fingerprint(source),
      ...context.facts.place(path),
    });
  }
  return true;
}

function collectEndpoints(node: WalkNode, context: CheckContext): void {
  if (oneofMember(node.message, 'clusterDiscoveryType')?.value !== EDS) return;
  const config = messageField(node.message, 'edsClusterConfig');
  if (config === undefined) return;
  const serviceName = stringField(config, 'serviceName');
  const path =
    serviceName === '' ? [...node.path, 'name'] : [...node.path, 'eds_cluster_config', 'service_name'];
  const name = serviceName === '' ? stringField(node.message, 'name') : serviceName;
  collect(context, messageField(config, 'edsConfig'), { kind: 'endpoints', name, path });
}

function collectRoute(node: WalkNode, context: CheckContext): void {
  const path = [...node.path, 'route_config_name'];
  const name = stringField(node.message, 'routeConfigName');
  collect(context, messageField(node.message, 'configSource'), { kind: 'route', name, path });
}

/** The route configuration of a scope is asked of the listener's `rds_config_source`; a scope by SRDS is ours. */
function collectScopedRoute(node: WalkNode, context: CheckContext): void {
  const name = stringField(node.message, 'routeConfigurationName');
  const scopes = ancestorOf(node, 'envoy.extensions.filters.network.http_connection_manager.v3.ScopedRoutes');
  const reference: Reference = { kind: 'route', name, path: [...node.path, 'route_configuration_name'] };
  if (scopes !== undefined) collect(context, messageField(scopes.message, 'rdsConfigSource'), reference);
  else if (name !== '') context.facts.reference(reference);
}

function collectSecret(node: WalkNode, context: CheckContext): void {
  const source = messageField(node.message, 'sdsConfig');
  const name = stringField(node.message, 'name');
  const path = [...node.path, 'name'];
  if (source === undefined) {
    if (name === '') return;
    const message = `secret "${name}" has no sds_config, so Envoy looks for it in its bootstrap only`;
    context.report(node, [], { code: 'AP1306', message });
    return;
  }
  if (!collect(context, source, { kind: 'secret', name, path })) {
    context.facts.otherSecretNames.push(name);
    return;
  }
  const kind = secretKindOf(node);
  if (kind !== undefined) context.facts.secretUses.push({ name, kind, ...context.facts.place(path) });
}

/** Also over a stream of its own: nothing has to exist, but the protocol must know who takes virtual hosts. */
function collectVirtualHosts(node: WalkNode, context: CheckContext): void {
  const table = ancestorOf(node, 'envoy.config.route.v3.RouteConfiguration');
  const name = table === undefined ? '' : stringField(table.message, 'name');
  const reference: Reference = { kind: 'virtualHosts', name, path: node.path };
  const isCollected = collect(context, messageField(node.message, 'configSource'), reference);
  if (!isCollected && name !== '') context.facts.reference(reference);
}

/** The kind of secret that the field around an SdsSecretConfig takes. */
function secretKindOf(node: WalkNode): SecretKind | undefined {
  switch (node.field?.name) {
    case 'tls_certificate_sds_secret_configs':
      return 'tlsCertificate';
    case 'validation_context_sds_secret_config':
      return 'validationContext';
    case 'session_ticket_keys_sds_secret_config':
      return 'sessionTicketKeys';
    default:
      return node.parent?.typeName === COMMON_TLS_CONTEXT ? undefined : 'genericSecret';
  }
}

/** The certificate that an on-demand selector falls back to, or always takes. */
function collectMappedSecret(fieldName: 'name' | 'default_value') {
  return (node: WalkNode, context: CheckContext): void => {
    const selector = ancestorOf(
      node,
      'envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config',
    );
    const source = selector === undefined ? undefined : messageField(selector.message, 'configSource');
    const name = stringField(node.message, fieldName === 'name' ? 'name' : 'defaultValue');
    const isOwn = collect(context, source, { kind: 'secret', name, path: [...node.path, fieldName] });
    if (!isOwn) context.facts.otherSecretNames.push(name);
  };
}

function collectExtension(node: WalkNode, context: CheckContext): void {
  const { parent } = node;
  if (parent === undefined) return;
  const name = stringField(parent.message, 'name');
  const path = [...parent.path, 'name'];
  const source = messageField(node.message, 'configSource');
  if (!collect(context, source, { kind: 'extension', name, path })) return;
  const typeNames = stringsField(node.message, 'typeUrls').map(messageNameOf);
  context.facts.extensionUses.push({ name, typeNames, ...context.facts.place(path) });
}
