import type { DocumentPath } from '../../resources/diagnostic.ts';
import {
  messageField,
  messagesField,
  numberField,
  oneofString,
  stringField,
  stringsField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { ancestorOf, durationSeconds, inlineBytes } from './message-fields.ts';

const ROUTE = 'envoy.config.route.v3';
/** `max_direct_response_body_size_bytes` unless it is set. */
const DEFAULT_BODY_LIMIT = 4096;

/** What Envoy refuses in a route table beside the field rules: AP1255, AP1406. */
export const routeRules: MessageChecks = {
  [`${ROUTE}.RouteConfiguration`]: checkRouteConfiguration,
  [`${ROUTE}.VirtualHost`]: checkVirtualHost,
  [`${ROUTE}.RouteAction`]: checkRouteAction,
  [`${ROUTE}.RedirectAction`]: (node, context) => checkRewrite(node, context),
  [`${ROUTE}.DirectResponseAction`]: checkDirectResponse,
  [`${ROUTE}.WeightedCluster`]: checkWeights,
  [`${ROUTE}.RouteAction.RequestMirrorPolicy`]: (node, context) => {
    checkOneOf(node, ['cluster', 'cluster_header'], ['cluster', 'clusterHeader'], context);
  },
  [`${ROUTE}.WeightedCluster.ClusterWeight`]: (node, context) => {
    checkOneOf(node, ['name', 'cluster_header'], ['name', 'clusterHeader'], context);
    if (numberField(node.message, 'weight') !== undefined) return;
    context.report(node, ['weight'], { code: 'AP1255', message: 'the weight is missing' });
  },
  [`${ROUTE}.RetryPolicy.RetryBackOff`]: (node, context) => {
    const base = durationSeconds(messageField(node.message, 'baseInterval'));
    const max = durationSeconds(messageField(node.message, 'maxInterval'));
    if (base === undefined || max === undefined || max >= base) return;
    const message = 'max_interval must not be shorter than base_interval';
    context.report(node, ['max_interval'], { code: 'AP1255', message });
  },
};

function checkRouteConfiguration(node: WalkNode, context: CheckContext): void {
  const domains = new Map<string, string>();
  const names = new Set<string>();
  messagesField(node.message, 'virtualHosts').forEach((host, index) => {
    const name = stringField(host, 'name');
    if (names.has(name)) {
      const path = ['virtual_hosts', index, 'name'];
      context.report(node, path, { code: 'AP1406', message: `two virtual hosts have the name "${name}"` });
    }
    names.add(name);
    stringsField(host, 'domains').forEach((domain, position) => {
      const key = domain.toLowerCase();
      const other = domains.get(key);
      if (other === undefined) {
        domains.set(key, name);
        return;
      }
      const path: DocumentPath = ['virtual_hosts', index, 'domains', position];
      const message = `domain "${domain}" is in virtual host "${other}" already`;
      context.report(node, path, { code: 'AP1406', message });
    });
  });
  checkPlugins(node, context);
}

function checkPlugins(node: WalkNode, context: CheckContext): void {
  const names = new Set<string>();
  messagesField(node.message, 'clusterSpecifierPlugins').forEach((plugin, index) => {
    const extension = messageField(plugin, 'extension');
    const name = extension === undefined ? '' : stringField(extension, 'name');
    if (names.has(name)) {
      const message = `two cluster specifier plugins have the name "${name}"`;
      context.report(node, ['cluster_specifier_plugins', index], { code: 'AP1406', message });
    }
    names.add(name);
  });
}

function checkVirtualHost(node: WalkNode, context: CheckContext): void {
  stringsField(node.message, 'domains').forEach((domain, index) => {
    const stars = domain.split('*').length - 1;
    const isFine = stars === 0 || (stars === 1 && (domain.startsWith('*') || domain.endsWith('*')));
    if (isFine && domain !== '') return;
    const message =
      domain === '' ? 'a domain is empty' : `domain "${domain}" may have one *, at its start or its end`;
    context.report(node, ['domains', index], { code: 'AP1255', message });
  });
  if (
    messagesField(node.message, 'routes').length > 0 &&
    messageField(node.message, 'matcher') !== undefined
  ) {
    const message = 'a virtual host has either routes or a matcher, not both';
    context.report(node, ['matcher'], { code: 'AP1255', message });
  }
}

function checkRouteAction(node: WalkNode, context: CheckContext): void {
  checkRewrite(node, context);
  const plugin = oneofString(node.message, 'clusterSpecifier', 'clusterSpecifierPlugin');
  const table = ancestorOf(node, `${ROUTE}.RouteConfiguration`);
  if (plugin !== undefined && table !== undefined) {
    const known = messagesField(table.message, 'clusterSpecifierPlugins').map(pluginName);
    if (!known.includes(plugin)) {
      const message = `unknown cluster specifier plugin "${plugin}"`;
      context.report(node, ['cluster_specifier_plugin'], { code: 'AP1255', message });
    }
  }
  const types = new Set<string>();
  messagesField(node.message, 'upgradeConfigs').forEach((upgrade, index) => {
    const type = stringField(upgrade, 'upgradeType').toLowerCase();
    if (types.has(type)) {
      const message = `upgrade type "${type}" is configured twice`;
      context.report(node, ['upgrade_configs', index], { code: 'AP1406', message });
    }
    types.add(type);
  });
}

function pluginName(plugin: PlainMessage): string {
  const extension = messageField(plugin, 'extension');
  return extension === undefined ? '' : stringField(extension, 'name');
}

function checkRewrite(node: WalkNode, context: CheckContext): void {
  const given = [
    stringField(node.message, 'prefixRewrite') === '' ? undefined : 'prefix_rewrite',
    messageField(node.message, 'regexRewrite') === undefined ? undefined : 'regex_rewrite',
    messageField(node.message, 'pathRewritePolicy') === undefined ? undefined : 'path_rewrite_policy',
    stringField(node.message, 'pathRewrite') === '' ? undefined : 'path_rewrite',
  ].filter(name => name !== undefined);
  const second = given[1];
  if (second === undefined) return;
  const message = `only one of ${given.join(', ')} may be set`;
  context.report(node, [second], { code: 'AP1255', message });
}

function checkDirectResponse(node: WalkNode, context: CheckContext): void {
  const length = inlineBytes(messageField(node.message, 'body'))?.length ?? 0;
  const table = ancestorOf(node, `${ROUTE}.RouteConfiguration`);
  const limit =
    table === undefined ? undefined : numberField(table.message, 'maxDirectResponseBodySizeBytes');
  // 0 takes the limit off.
  if (limit === 0 || length <= (limit ?? DEFAULT_BODY_LIMIT)) return;
  const message = `the body has ${length} bytes; ${limit ?? DEFAULT_BODY_LIMIT} are allowed (max_direct_response_body_size_bytes)`;
  context.report(node, ['body'], { code: 'AP1255', message });
}

function checkWeights(node: WalkNode, context: CheckContext): void {
  const weights = messagesField(node.message, 'clusters').map(entry => numberField(entry, 'weight') ?? 0);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (weights.length === 0 || (sum > 0 && sum <= 0xffff_ffff)) return;
  const message = `the weights must add up to between 1 and 4294967295, not ${sum}`;
  context.report(node, ['clusters'], { code: 'AP1255', message });
}

function checkOneOf(
  node: WalkNode,
  names: readonly string[],
  localNames: readonly string[],
  context: CheckContext,
): void {
  if (localNames.filter(field => stringField(node.message, field) !== '').length === 1) return;
  context.report(node, [], { code: 'AP1255', message: `exactly one of ${names.join(' and ')} must be set` });
}
