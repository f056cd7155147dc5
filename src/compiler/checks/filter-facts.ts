import { EXTENSION_CONFIG, ROUTE, SCOPED_ROUTE, VIRTUAL_HOST } from '../../resources/type-url.ts';
import {
  booleanField,
  isPlainMessage,
  mapField,
  messageField,
  messagesField,
  numberField,
  oneofMember,
  oneofString,
  stringField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import {
  hasNestedFilters,
  isConnectionManagerDraft,
  isFilterDraft,
  isPerFilterDraft,
  isRouteTableDraft,
  type FilterDraft,
  type RouteTableDraft,
} from './fact-builder.ts';

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const HTTP_FILTER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter';
const TYPED_EXTENSION = 'envoy.config.core.v3.TypedExtensionConfig';
const JWT_AUTHN = 'envoy.extensions.filters.http.jwt_authn.v3';
/** `HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD`. */
const OVERWRITE = 2;

/** Messages whose TypedExtensionConfigs are HTTP filters under names of their own. */
const FILTER_HOLDERS: ReadonlySet<string> = new Set([
  'envoy.extensions.filters.http.filter_chain.v3.FilterChain',
  'envoy.extensions.filters.http.composite.v3.ExecuteFilterAction',
  'envoy.extensions.filters.http.composite.v3.FilterChainConfiguration',
]);

/** Gathers which filters a connection manager has and what routes say about filters by name. */
export const filterFacts: MessageChecks = {
  [HCM]: startConnectionManager,
  [HTTP_FILTER]: collectHttpFilter,
  [TYPED_EXTENSION]: collectNestedFilter,
  [`${JWT_AUTHN}.JwtAuthentication`]: (node, context) => {
    const filter = context.facts.ownerOf(node, isFilterDraft);
    if (filter !== undefined)
      filter.requirementNames = mapField(node.message, 'requirementMap').map(([name]) => name);
  },
  [`${JWT_AUTHN}.PerRouteConfig`]: (node, context) => {
    const entry = context.facts.ownerOf(node, isPerFilterDraft);
    if (entry !== undefined)
      entry.requirementName = oneofString(node.message, 'requirementSpecifier', 'requirementName');
  },
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation': (node, context) => {
    const filter = context.facts.ownerOf(node, isFilterDraft);
    if (filter !== undefined) filter.overwrites = mutatedHeaders(messageField(node.message, 'mutations'));
  },
  'envoy.config.route.v3.FilterConfig': (node, context) => {
    const entry = context.facts.ownerOf(node, isPerFilterDraft);
    if (entry !== undefined) entry.isOptional = booleanField(node.message, 'isOptional') ?? false;
  },
  'envoy.config.route.v3.RouteConfiguration': startRouteTable,
  'envoy.config.route.v3.ScopedRouteConfiguration': (node, context) => {
    startRouteTable(node, context);
    const name = stringField(node.message, 'routeConfigurationName');
    if (name !== '') context.facts.ownerOf(node, isRouteTableDraft)?.routeNames.push(name);
  },
  'envoy.config.route.v3.VirtualHost': startRouteTable,
  'envoy.config.route.v3.RouteAction': collectTargets,
};

function startConnectionManager(node: WalkNode, context: CheckContext): void {
  const { facts } = context;
  const specifier = oneofMember(node.message, 'routeSpecifier');
  const value = isPlainMessage(specifier?.value) ? specifier.value : undefined;
  const manager = { ...facts.place(node.path), filters: [], routes: routesOf(specifier?.case, value) };
  facts.connectionManagers.push(manager);
  facts.own(node, manager);
}

function routesOf(specifier: string | undefined, value: PlainMessage | undefined) {
  if (specifier === 'rds') {
    return { kind: 'rds', name: value === undefined ? '' : stringField(value, 'routeConfigName') } as const;
  }
  if (specifier === 'scopedRoutes' && value !== undefined) {
    const isOwnList = oneofMember(value, 'configSpecifier')?.case === 'scopedRouteConfigurationsList';
    // The list is visited after this; its first scope replaces `other` by the table.
    return isOwnList ? ({ kind: 'other' } as const) : ({ kind: 'scoped' } as const);
  }
  return { kind: 'other' } as const;
}

function newFilter(node: WalkNode, context: CheckContext): FilterDraft {
  const place = context.facts.place(node.path);
  const name = stringField(node.message, 'name');
  return { ...place, name, typeName: undefined, requirementNames: undefined, nested: [], overwrites: [] };
}

function collectHttpFilter(node: WalkNode, context: CheckContext): void {
  const { facts } = context;
  if (node.parent?.typeName !== HCM) {
    facts.upstreamFilters.push(stringField(node.message, 'name'));
    return;
  }
  const filter = newFilter(node, context);
  facts.ownerOf(node.parent, isConnectionManagerDraft)?.filters.push(filter);
  facts.own(node, filter);
}

function collectNestedFilter(node: WalkNode, context: CheckContext): void {
  const { facts, resource } = context;
  if (node.parent === undefined && resource.typeUrl === EXTENSION_CONFIG) {
    facts.extension = newFilter(node, context);
    facts.own(node, facts.extension);
  } else if (node.parent !== undefined && FILTER_HOLDERS.has(node.parent.typeName)) {
    const filter = newFilter(node, context);
    facts.ownerOf(node.parent, hasNestedFilters)?.nested.push(filter);
    facts.own(node, filter);
  }
}

/** A route table starts at the resource itself, or at the inline one of a connection manager; what is inside belongs to it. */
function startRouteTable(node: WalkNode, context: CheckContext): void {
  const { facts, resource } = context;
  if (facts.ownerOf(node, isRouteTableDraft) !== undefined) return;
  const manager = facts.ownerOf(node, isConnectionManagerDraft);
  const isResource = [ROUTE, SCOPED_ROUTE, VIRTUAL_HOST].includes(resource.typeUrl);
  if (manager === undefined && !isResource) return;
  if (manager?.routes.kind === 'inline') {
    facts.own(node, manager.routes.table as RouteTableDraft);
    return;
  }
  const table: RouteTableDraft = { perFilter: [], targets: [], routeNames: [] };
  if (manager === undefined) facts.routeTable = table;
  else manager.routes = { kind: 'inline', table };
  facts.own(node, table);
}

/** Called for every message that stands in an Any: notes the type of a filter and per-route entries. */
export function noteConfiguration(node: WalkNode, context: CheckContext): void {
  const { facts } = context;
  if (node.parent === undefined) return;
  if (node.field?.name === 'typed_config') {
    const filter = facts.filterAt(node.parent);
    if (filter !== undefined) filter.typeName = node.typeName;
  } else if (node.field?.name === 'typed_per_filter_config' && typeof node.key === 'string') {
    const entry = {
      ...facts.place([...node.parent.path, 'typed_per_filter_config', node.key]),
      filter: node.key,
      isOptional: false,
      requirementName: undefined,
      nested: [],
    };
    facts.ownerOf(node, isRouteTableDraft)?.perFilter.push(entry);
    facts.own(node, entry);
  }
}

function collectTargets(node: WalkNode, context: CheckContext): void {
  const table = context.facts.ownerOf(node, isRouteTableDraft);
  const member = oneofMember(node.message, 'clusterSpecifier');
  if (table === undefined || member === undefined) return;
  const overwrites = overwrittenAbove(node);
  if (member.case === 'cluster' && typeof member.value === 'string') {
    const place = context.facts.place([...node.path, 'cluster']);
    table.targets.push({ ...place, cluster: member.value, overwrites });
  } else if (member.case === 'weightedClusters' && isPlainMessage(member.value)) {
    messagesField(member.value, 'clusters').forEach((weight, index) => {
      const place = context.facts.place([...node.path, 'weighted_clusters', 'clusters', index, 'name']);
      const own = overwrittenHeaders(weight);
      table.targets.push({
        ...place,
        cluster: stringField(weight, 'name'),
        overwrites: [...overwrites, ...own],
      });
    });
  }
}

/** Headers that the route, its virtual host and its route configuration overwrite. */
function overwrittenAbove(node: WalkNode): readonly string[] {
  const headers: string[] = [];
  for (let at = node.parent; at !== undefined; at = at.parent)
    headers.push(...overwrittenHeaders(at.message));
  return headers;
}

function overwrittenHeaders(message: PlainMessage): readonly string[] {
  return messagesField(message, 'requestHeadersToAdd').flatMap(overwrittenHeader);
}

function overwrittenHeader(option: PlainMessage): readonly string[] {
  const header = messageField(option, 'header');
  const replaces =
    numberField(option, 'appendAction') === OVERWRITE || booleanField(option, 'append') === false;
  return replaces && header !== undefined ? [stringField(header, 'key').toLowerCase()] : [];
}

function mutatedHeaders(mutations: PlainMessage | undefined): readonly string[] {
  if (mutations === undefined) return [];
  return messagesField(mutations, 'requestMutations').flatMap(mutation => {
    const action = oneofMember(mutation, 'action');
    return action?.case === 'append' && isPlainMessage(action.value) ? overwrittenHeader(action.value) : [];
  });
}
