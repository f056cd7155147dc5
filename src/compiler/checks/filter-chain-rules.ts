import type { DocumentPath } from '../../resources/diagnostic.ts';
import { messageNameOf } from '../../resources/type-url.ts';
import {
  booleanField,
  mapField,
  messageField,
  messagesField,
  numberField,
  oneofMessage,
  stringField,
  stringsField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import { isBesideChain } from './beside-chain.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';

const HTTP = 'envoy.extensions.filters.http';
const NETWORK = 'envoy.extensions.filters.network';
const RBAC = `${HTTP}.rbac.v3.RBAC`;
const FILTER_CHAIN = `${HTTP}.filter_chain.v3`;
/** `RBAC.Action.ALLOW`. */
const ALLOW = 0;

const TERMINAL_HTTP_FILTERS: ReadonlySet<string> = new Set([
  `${HTTP}.router.v3.Router`,
  `${HTTP}.mcp_router.v3.McpRouter`,
]);

/** Filters that decide whether a request may pass. */
const AUTH_FILTERS: ReadonlySet<string> = new Set([
  `${HTTP}.api_key_auth.v3.ApiKeyAuth`,
  `${HTTP}.basic_auth.v3.BasicAuth`,
  `${HTTP}.ext_authz.v3.ExtAuthz`,
  `${FILTER_CHAIN}.FilterChainConfig`,
  `${HTTP}.jwt_authn.v3.JwtAuthentication`,
  `${HTTP}.oauth2.v3.OAuth2`,
  RBAC,
]);

/** Chains of HTTP filters that Envoy refuses (AP1254, AP1407), and those that it takes although requests pass them by. */
export const filterChainRules: MessageChecks = {
  [`${NETWORK}.http_connection_manager.v3.HttpConnectionManager`]: checkConnectionManager,
  [`${NETWORK}.http_connection_manager.v3.HttpFilter`]: checkDiscovery,
  [`${FILTER_CHAIN}.FilterChainConfig`]: (node, context) => {
    if (messageField(node.message, 'defaultFilterChain') !== undefined) return;
    context.report(node, [], {
      code: 'AP1612',
      message: 'without default_filter_chain every request passes',
    });
  },
  [`${FILTER_CHAIN}.FilterChain`]: checkNestedChain,
  [`${HTTP}.ext_authz.v3.ExtAuthz`]: warnOfFailureMode,
  [`${HTTP}.ext_proc.v3.ExternalProcessor`]: warnOfFailureMode,
  [`${NETWORK}.ext_authz.v3.ExtAuthz`]: warnOfFailureMode,
  [RBAC]: warnOfEmptyRules,
};

function checkConnectionManager(node: WalkNode, context: CheckContext): void {
  const filters = messagesField(node.message, 'httpFilters');
  checkOrder(node, filters, context);
  checkNames(node, 'http_filters', filters, context);
  const types = new Set<string>();
  messagesField(node.message, 'upgradeConfigs').forEach((upgrade, index) => {
    const type = stringField(upgrade, 'upgradeType').toLowerCase();
    const path = ['upgrade_configs', index];
    if (types.has(type)) {
      context.report(node, path, { code: 'AP1407', message: `upgrade type "${type}" is configured twice` });
    }
    types.add(type);
    if (messagesField(upgrade, 'filters').length === 0) return;
    const message = `upgrades to "${type}" have filters of their own, so the filters of the listener do not apply to them`;
    context.report(node, [...path, 'filters'], { code: 'AP1613', message });
  });
}

function checkOrder(node: WalkNode, filters: readonly PlainMessage[], context: CheckContext): void {
  if (filters.length === 0) {
    context.report(node, [], {
      code: 'AP1254',
      message: 'http_filters is empty; the last filter must be the router',
    });
    return;
  }
  filters.forEach((filter, index) => {
    const isLast = index === filters.length - 1;
    const terminal = isTerminal(filter);
    if (terminal === undefined || terminal === isLast) return;
    const name = stringField(filter, 'name');
    const message = isLast
      ? `"${name}" is the last filter, but only a terminal one such as the router can be`
      : `"${name}" ends the chain, so the filters after it would never run`;
    context.report(node, ['http_filters', index], { code: 'AP1254', message });
  });
}

/** Undefined for a filter whose type is not known here. */
function isTerminal(filter: PlainMessage): boolean | undefined {
  const config = oneofMessage(filter, 'configType', 'typedConfig');
  if (config !== undefined) {
    const typeName = messageNameOf(stringField(config, 'typeUrl'));
    return typeName.endsWith('.TypedStruct') ? undefined : TERMINAL_HTTP_FILTERS.has(typeName);
  }
  const discovery = oneofMessage(filter, 'configType', 'configDiscovery');
  if (discovery === undefined) return false;
  return stringsField(discovery, 'typeUrls').some(url => TERMINAL_HTTP_FILTERS.has(messageNameOf(url)));
}

function checkNames(
  node: WalkNode,
  field: string,
  filters: readonly PlainMessage[],
  context: CheckContext,
): void {
  const seen = new Set<string>();
  filters.forEach((filter, index) => {
    const name = stringField(filter, 'name');
    if (seen.has(name)) {
      context.report(node, [field, index, 'name'], {
        code: 'AP1407',
        message: `two filters have the name "${name}"`,
      });
    }
    seen.add(name);
  });
}

function checkNestedChain(node: WalkNode, context: CheckContext): void {
  const filters = messagesField(node.message, 'filters');
  checkNames(node, 'filters', filters, context);
  filters.forEach((filter, index) => {
    const config = messageField(filter, 'typedConfig');
    const typeName = messageNameOf(config === undefined ? '' : stringField(config, 'typeUrl'));
    const path: DocumentPath = ['filters', index];
    if (TERMINAL_HTTP_FILTERS.has(typeName)) {
      const message = `"${stringField(filter, 'name')}" ends the chain of the listener: the filters after it never run`;
      context.report(node, path, { code: 'AP1611', message });
    } else if (typeName.startsWith(`${FILTER_CHAIN}.`)) {
      context.report(node, path, { code: 'AP1254', message: 'a filter chain cannot stand inside another' });
    }
  });
}

/** A filter by ECDS that decides about requests needs a default that denies, in force at once. */
function checkDiscovery(node: WalkNode, context: CheckContext): void {
  const discovery = oneofMessage(node.message, 'configType', 'configDiscovery');
  if (discovery === undefined) return;
  const isAppliedAtOnce = booleanField(discovery, 'applyDefaultConfigWithoutWarming') === true;
  if (isAppliedAtOnce && messageField(discovery, 'defaultConfig') === undefined) {
    const message = 'apply_default_config_without_warming needs a default_config';
    context.report(node, ['config_discovery'], { code: 'AP1259', message });
    return;
  }
  const types = stringsField(discovery, 'typeUrls').map(messageNameOf);
  if (!types.some(type => AUTH_FILTERS.has(type))) return;
  const name = stringField(node.message, 'name');
  const fallback = messageField(discovery, 'defaultConfig');
  const path = ['config_discovery'];
  if (fallback === undefined) {
    const message = `without a default_config that denies, "${name}" keeps the listener waiting until it is delivered`;
    context.report(node, path, { code: 'AP1602', severity: 'warning', message });
  } else if (!isAppliedAtOnce) {
    const message = `without apply_default_config_without_warming, "${name}" keeps the listener waiting until it is delivered`;
    context.report(node, path, { code: 'AP1602', severity: 'warning', message });
  }
}

/** Called for the content of `default_config`: what applies until the real configuration comes must not let requests pass. */
export function checkDefaultConfig(node: WalkNode, context: CheckContext): void {
  if (node.field?.name !== 'default_config' || node.typeName !== RBAC || deniesAll(node.message)) return;
  const message =
    'the default of an RBAC filter must deny everything: `rules: {action: ALLOW, policies: {}}`';
  context.report(node, [], { code: 'AP1619', message });
}

function deniesAll(rbac: PlainMessage): boolean {
  const rules = messageField(rbac, 'rules');
  if (rules === undefined) return messageField(rbac, 'matcher') !== undefined;
  return numberField(rules, 'action') !== ALLOW || mapField(rules, 'policies').length === 0;
}

/** Beside an auth chain it is refused: the chain would promise what the filter does not keep. */
function warnOfFailureMode(node: WalkNode, context: CheckContext): void {
  if (booleanField(node.message, 'failureModeAllow') !== true) return;
  const message = 'requests pass unchecked while the service does not answer';
  const severity = isBesideChain(node) ? 'error' : 'warning';
  context.report(node, ['failure_mode_allow'], { code: 'AP1609', severity, message });
}

function warnOfEmptyRules(node: WalkNode, context: CheckContext): void {
  const fields = ['rules', 'matcher', 'shadowRules', 'shadowMatcher'];
  const isEmpty = fields.every(field => messageField(node.message, field) === undefined);
  if (!isEmpty || node.field?.name !== 'typed_config') return;
  const message = 'the filter has no rules, so every request passes';
  context.report(node, [], { code: 'AP1620', severity: 'warning', message });
}
