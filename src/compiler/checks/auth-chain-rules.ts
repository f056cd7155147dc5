import type { DocumentPath } from '../../resources/diagnostic.ts';
import { ROUTE as ROUTE_TYPE, VIRTUAL_HOST } from '../../resources/type-url.ts';
import { METADATA_NAMESPACE, RESERVED_PREFIX } from '../auth/auth-names.ts';
import {
  booleanField,
  mapField,
  messageField,
  messagesField,
  numberField,
  oneofMember,
  oneofMessage,
  oneofString,
  stringField,
  stringsField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import { isAuthChain } from './beside-chain.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { isFilterDraft, isPerFilterDraft } from './fact-builder.ts';
import { ancestorOf } from './message-fields.ts';

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const HTTP = 'envoy.extensions.filters.http';
const ROUTE = 'envoy.config.route.v3';

/** Where an AuthChainPerRoute means something: type names, from the holder outwards to the resource. */
const SELECTION_PLACES: readonly (readonly string[])[] = [
  ['RouteConfiguration'],
  ['VirtualHost', 'RouteConfiguration'],
  ['VirtualHost'],
  ['Route', 'VirtualHost', 'RouteConfiguration'],
  ['Route', 'VirtualHost'],
].map(place => place.map(name => `${ROUTE}.${name}`));

/** `PathWithEscapedSlashesAction`: IMPLEMENTATION_SPECIFIC_DEFAULT and REJECT_REQUEST. */
const ESCAPED_SLASHES_ALLOWED: readonly (number | undefined)[] = [undefined, 0, 2];
/** `ForwardClientCertDetails`: SANITIZE and SANITIZE_SET. */
const CERT_DETAILS_ALLOWED: readonly (number | undefined)[] = [undefined, 0, 3];

/**
 * What listeners and routes say about auth chains, and settings around a chain that would get around it: AP1913, AP1914, AP1918, AP1919
 * and AP1926.
 */
export const authChainRules: MessageChecks = {
  'authplane.v1.AuthChain': collectChain,
  'authplane.v1.AuthChainPerRoute': collectSelection,
  'envoy.config.core.v3.Metadata': (node, context) => {
    for (const field of ['filterMetadata', 'typedFilterMetadata']) {
      if (!mapField(node.message, field).some(([name]) => name === METADATA_NAMESPACE)) continue;
      const path = [
        field === 'filterMetadata' ? 'filter_metadata' : 'typed_filter_metadata',
        METADATA_NAMESPACE,
      ];
      refuseNamespace(node, path, context);
    }
  },
  [`${HTTP}.ext_proc.v3.MetadataOptions.MetadataNamespaces`]: (node, context) => {
    for (const field of ['untyped', 'typed']) {
      const index = stringsField(node.message, field).indexOf(METADATA_NAMESPACE);
      if (index >= 0) refuseNamespace(node, [field, index], context);
    }
  },
  [`${HTTP}.set_metadata.v3.Config`]: checkNamespace,
  [`${HTTP}.set_metadata.v3.Metadata`]: checkNamespace,
  [`${HTTP}.header_to_metadata.v3.Config.KeyValuePair`]: checkNamespace,
  [`${HTTP}.json_to_metadata.v3.JsonToMetadata.KeyValuePair`]: checkNamespace,
  [`${HTTP}.thrift_to_metadata.v3.KeyValuePair`]: checkNamespace,
  [`${HTTP}.sse_to_metadata.v3.SseToMetadata.KeyValuePair`]: checkNamespace,
};

function checkNamespace(node: WalkNode, context: CheckContext): void {
  if (stringField(node.message, 'metadataNamespace') !== METADATA_NAMESPACE) return;
  refuseNamespace(node, ['metadata_namespace'], context);
}

function refuseNamespace(node: WalkNode, path: DocumentPath, context: CheckContext): void {
  // What authplane generates; operators cannot have such names.
  if (context.resource.name.startsWith(RESERVED_PREFIX)) return;
  const message = `the metadata namespace "${METADATA_NAMESPACE}" is kept for the guard of auth chains`;
  context.report(node, path, { code: 'AP1919', message });
}

function collectChain(node: WalkNode, context: CheckContext): void {
  const filter = context.facts.ownerOf(node, isFilterDraft);
  const manager = ancestorOf(node, HCM);
  if (filter === undefined || manager === undefined || node.parent?.parent !== manager) {
    const message = 'an AuthChain is a filter of a connection manager and nothing else';
    context.report(node, [], { code: 'AP1918', message });
    return;
  }
  filter.authChain = {
    chain: stringField(node.message, 'chain'),
    removeHeaders: stringsField(node.message, 'removeHeaders').map(name => name.toLowerCase()),
    pathGuardOff: reasonOf(messageField(node.message, 'pathGuardOff')),
  };
  if (booleanField(node.parent.message, 'disabled') === true) {
    const message = 'an AuthChain cannot be disabled; select public routes with a reason instead';
    context.report(node.parent, ['disabled'], { code: 'AP1918', message });
  }
  checkManager(manager, node, context);
}

function reasonOf(message: PlainMessage | undefined): string | undefined {
  return message === undefined ? undefined : stringField(message, 'reason');
}

function checkManager(manager: WalkNode, chain: WalkNode, context: CheckContext): void {
  const { message } = manager;
  if (oneofMember(message, 'routeSpecifier')?.case === 'routeConfig') {
    const text = 'routes of a connection manager with an auth chain must come by RDS';
    context.report(manager, ['route_config'], { code: 'AP1913', message: text });
  }
  const scopes = oneofMessage(message, 'routeSpecifier', 'scopedRoutes');
  if (scopes !== undefined && oneofMember(scopes, 'configSpecifier')?.case !== 'scopedRds') {
    const text = 'scopes of a connection manager with an auth chain must come by SRDS';
    context.report(manager, ['scoped_routes'], { code: 'AP1913', message: text });
  }
  const weak: readonly (readonly [field: string, isWeak: boolean])[] = [
    ['normalize_path', booleanField(message, 'normalizePath') === false],
    [
      'path_with_escaped_slashes_action',
      !ESCAPED_SLASHES_ALLOWED.includes(numberField(message, 'pathWithEscapedSlashesAction')),
    ],
    [
      'forward_client_cert_details',
      !CERT_DETAILS_ALLOWED.includes(numberField(message, 'forwardClientCertDetails')),
    ],
  ];
  for (const [field, isWeak] of weak) {
    if (!isWeak) continue;
    const text = `"${field}" must not be set to this beside an auth chain`;
    context.report(manager, [field], { code: 'AP1914', message: text });
  }
  messagesField(message, 'upgradeConfigs').forEach((upgrade, index) => {
    if (messagesField(upgrade, 'filters').length === 0) return;
    const text = 'requests for this upgrade would take other filters and never meet the auth chain';
    context.report(manager, ['upgrade_configs', index, 'filters'], { code: 'AP1926', message: text });
  });
  if (messagesField(message, 'httpFilters').filter(isAuthChain).length > 1) {
    context.report(chain, [], { code: 'AP1926', message: 'a connection manager has one AuthChain filter' });
  }
}

/** A route inside a matcher tree, a weighted cluster, or a table that is inline elsewhere is not one that authplane compiles. */
function isSelectionHolder(holder: WalkNode | undefined, { resource }: CheckContext): boolean {
  const place: string[] = [];
  for (let at = holder; at !== undefined; at = at.parent) place.push(at.typeName);
  const isOwnTable = resource.typeUrl === ROUTE_TYPE || resource.typeUrl === VIRTUAL_HOST;
  return isOwnTable && SELECTION_PLACES.some(known => known.join() === place.join());
}

function collectSelection(node: WalkNode, context: CheckContext): void {
  const entry = context.facts.ownerOf(node, isPerFilterDraft);
  const isNamed = node.field?.name === 'typed_per_filter_config';
  if (entry === undefined || !isNamed || !isSelectionHolder(node.parent, context)) {
    const message = 'an auth chain is selected by route configurations, virtual hosts and routes only';
    context.report(node, [], { code: 'AP1918', message });
    return;
  }
  const chain = oneofString(node.message, 'selection', 'chain');
  const reason = reasonOf(oneofMessage(node.message, 'selection', 'public'));
  if (chain !== undefined) entry.authSelection = { kind: 'chain', chain };
  else if (reason !== undefined) entry.authSelection = { kind: 'public', reason };
}
