import { httpConnectionManager, loopback } from './edge-snapshot.ts';

/** The one config source of all resources on an ADS stream. */
export const ADS = { ads: {}, resource_api_version: 'V3' };

/** The filter that lets Envoy ask for virtual hosts, and with `fields` for clusters, when a request needs them. */
export function onDemandFilter(fields: object = {}) {
  return {
    name: 'envoy.filters.http.on_demand',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand',
      ...fields,
    },
  };
}

/** A plaintext listener on loopback; `fields` say where its routes come from. */
export function plainListener(name: string, port: number, fields: object, filters: readonly object[] = []) {
  return {
    name,
    address: loopback(port),
    filter_chains: [{ filters: [httpConnectionManager(fields, filters)] }],
  };
}

/** Routes by RDS. */
export function routesOf(name: string) {
  return { rds: { route_config_name: name, config_source: ADS } };
}

/** A cluster of one address on loopback. */
export function staticCluster(name: string, port: number) {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }],
    },
  };
}

/** A virtual host for `DOMAIN`, delivered by VHDS under `TABLE/LABEL`, everything of it to one cluster. */
export function demandedHost(table: string, label: string, cluster: string) {
  return {
    name: `${table}/${label}`,
    domains: [`${label}.test`],
    routes: [{ match: { prefix: '/' }, route: { cluster } }],
  };
}
