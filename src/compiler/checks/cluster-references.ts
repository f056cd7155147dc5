import { ancestorOf, fieldOf, fieldValue } from './message-fields.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import type { WalkNode } from '../schema/visitor.ts';

/** Messages with the fields (lowerCamelCase) in which they name a cluster. */
const CLUSTER_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'envoy.config.core.v3.HttpUri': ['cluster'],
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': ['clusterName'],
  'envoy.config.route.v3.RouteAction': ['cluster'],
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': ['name'],
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': ['cluster'],
  'envoy.config.trace.v3.DatadogConfig': ['collectorCluster'],
  'envoy.config.trace.v3.LightstepConfig': ['collectorCluster'],
  'envoy.config.trace.v3.ZipkinConfig': ['collectorCluster'],
  'envoy.extensions.access_loggers.fluentd.v3.FluentdAccessLogConfig': ['cluster'],
  'envoy.extensions.clusters.aggregate.v3.ClusterConfig': ['clusters'],
  'envoy.extensions.clusters.mcp_multicluster.v3.ClusterConfig.McpCluster': ['cluster'],
  'envoy.extensions.filters.http.cache_v2.v3.CacheV2Config': ['overrideUpstreamCluster'],
  'envoy.extensions.filters.http.gcp_authn.v3.GcpAuthnFilterConfig': ['cluster'],
  'envoy.extensions.filters.http.mcp_router.v3.McpRouter.McpCluster': ['cluster'],
  'envoy.extensions.filters.network.dubbo_proxy.v3.RouteAction': ['cluster'],
  'envoy.extensions.filters.network.generic_proxy.action.v3.RouteAction': ['cluster'],
  'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy.PrefixRoutes.Route': ['cluster'],
  'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy.PrefixRoutes.Route.ReadCommandPolicy': [
    'cluster',
  ],
  'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy.PrefixRoutes.Route.RequestMirrorPolicy': [
    'cluster',
  ],
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': ['cluster'],
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': ['name'],
  'envoy.extensions.filters.network.thrift_proxy.v3.RouteAction': ['cluster'],
  'envoy.extensions.filters.network.thrift_proxy.v3.RouteAction.RequestMirrorPolicy': ['cluster'],
  'envoy.extensions.filters.network.thrift_proxy.v3.WeightedCluster.ClusterWeight': ['name'],
  'envoy.extensions.filters.udp.udp_proxy.v3.Route': ['cluster'],
  'envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig': ['cluster'],
  'envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig': ['defaultCluster'],
  'envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction': ['cluster'],
  'envoy.extensions.router.cluster_specifiers.priority_group.v3.ClusterWeight': ['clusterName'],
  'envoy.extensions.tracers.fluentd.v3.FluentdConfig': ['cluster'],
};

/** Collects the names of clusters, wherever a resource names one. */
export const clusterReferences: MessageChecks = Object.fromEntries(
  Object.entries(CLUSTER_FIELDS).map(([typeName, fields]) => [
    typeName,
    (node: WalkNode, context: CheckContext) => {
      // The cluster of another xDS server must be in the bootstrap (Envoy refuses it otherwise): nothing of ours.
      if (ancestorOf(node, 'envoy.config.core.v3.ApiConfigSource') !== undefined) return;
      for (const field of fields) collectNames(node, field, context);
    },
  ]),
);

function collectNames(node: WalkNode, localName: string, context: CheckContext): void {
  const value = fieldValue(node, localName);
  const field = fieldOf(node, localName);
  if (field === undefined) return;
  if (typeof value === 'string' && value !== '') {
    context.facts.reference({ kind: 'cluster', name: value, path: [...node.path, field.name] });
  } else if (Array.isArray(value)) {
    value.forEach((name, index) => {
      if (typeof name !== 'string') return;
      context.facts.reference({ kind: 'cluster', name, path: [...node.path, field.name, index] });
    });
  }
}
