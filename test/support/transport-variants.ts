/** How an Envoy is connected, and the config source that resources must name for it. */
export interface TransportVariant {
  readonly name: string;
  /** File of envoy-bootstrap/, without `.yaml`. */
  readonly bootstrap: string;
  readonly configSource: object;
  /** On one stream a cluster is sent before the route that needs it; separate streams are not ordered. */
  readonly ordered: boolean;
  readonly delta: boolean;
}

const ADS = { ads: {}, resource_api_version: 'V3' };

function perType(apiType: string): object {
  return {
    resource_api_version: 'V3',
    api_config_source: {
      api_type: apiType,
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      grpc_services: [{ envoy_grpc: { cluster_name: 'authplane' } }],
    },
  };
}

export const TRANSPORT_VARIANTS: readonly TransportVariant[] = [
  { name: 'ADS delta', bootstrap: 'ads-delta', configSource: ADS, ordered: true, delta: true },
  { name: 'ADS SotW', bootstrap: 'ads-sotw', configSource: ADS, ordered: true, delta: false },
  {
    name: 'per-type delta',
    bootstrap: 'per-type-delta',
    configSource: perType('DELTA_GRPC'),
    ordered: false,
    delta: true,
  },
  {
    name: 'per-type SotW',
    bootstrap: 'per-type-sotw',
    configSource: perType('GRPC'),
    ordered: false,
    delta: false,
  },
];
