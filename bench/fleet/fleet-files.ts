import { generateKeyPairSync } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedCertificate, rsaKey } from '../../test/support/generated-certificate.ts';
import type { ChangedPart, FleetSize } from './fleet-names.ts';

const LISTENERS = 4;
const SECRETS = 10;
const AUTH = 'type.googleapis.com/authplane.v1.AuthChain';
const HCM =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
const DOWNSTREAM_TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

/** Writes the snapshot directory of a fleet: clusters with endpoints, four TLS listeners with an auth chain, ten secrets. */
export async function writeFleet(directory: string, size: FleetSize): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeSecrets(directory);
  await writeFile(join(directory, 'edge.yaml'), edgeFile());
  for (let file = 0; file < size.files; file++) {
    await writeFile(join(directory, clusterFileName(file)), clusterFile(size, file, BASE));
  }
}

/** What tells one state of the first cluster from another: its statistics name, and the host name of its first endpoint. */
export type Markers = Readonly<Record<ChangedPart, string>>;

const BASE: Markers = { cluster: 'base', endpoints: 'base' };

/** Changes the first cluster, as an operator's editor saves: the new file takes the place of the old one. */
export async function changeFirstCluster(
  directory: string,
  scratch: string,
  size: FleetSize,
  markers: Partial<Markers>,
): Promise<void> {
  const text = join(scratch, 'clusters.new');
  await writeFile(text, clusterFile(size, 0, { ...BASE, ...markers }));
  await rename(text, join(directory, clusterFileName(0)));
}

function clusterFileName(index: number): string {
  return `clusters-${String(index).padStart(3, '0')}.yaml`;
}

/** The markers are those of the first cluster of the file. */
function clusterFile({ clusters, files }: FleetSize, file: number, markers: Markers): string {
  const perFile = Math.ceil(clusters / files);
  const numbers = Array.from({ length: perFile }, (_, index) => file * perFile + index);
  const own = numbers.filter(number => number < clusters);
  const entries = own.map((number, index) => clusterEntry(number, index === 0 ? markers : BASE));
  const endpoints = own.map((number, index) => endpointsEntry(number, index === 0 ? markers : BASE));
  return `clusters:\n${entries.join('')}endpoints:\n${endpoints.join('')}`;
}

function serviceName(number: number): string {
  return `service-${String(number).padStart(5, '0')}`;
}

function clusterEntry(number: number, markers: Markers): string {
  const name = serviceName(number);
  return `- name: ${name}
  alt_stat_name: ${markers.cluster}
  type: EDS
  eds_cluster_config: {service_name: ${name}, eds_config: {ads: {}, resource_api_version: V3}}
  connect_timeout: 1s
  lb_policy: LEAST_REQUEST
  circuit_breakers:
    thresholds:
    - {max_connections: 1024, max_pending_requests: 1024, max_requests: 4096, max_retries: 3}
  outlier_detection: {consecutive_5xx: 5, interval: 10s, base_ejection_time: 30s, max_ejection_percent: 50}
  upstream_connection_options:
    tcp_keepalive: {keepalive_time: 60}
  health_checks:
  - {timeout: 1s, interval: 10s, unhealthy_threshold: 3, healthy_threshold: 2, http_health_check: {path: /healthz, host: ${name}.internal.example}}
`;
}

function endpointsEntry(number: number, markers: Markers): string {
  const host = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
  const endpoints = [8080, 8081, 8082, 8083].map(
    port =>
      `    - endpoint: {hostname: ${markers.endpoints}, address: {socket_address: {address: ${host}, port_value: ${port}}}}\n`,
  );
  return `- cluster_name: ${serviceName(number)}
  endpoints:
  - lb_endpoints:
${endpoints.join('')}`;
}

async function writeSecrets(directory: string): Promise<void> {
  for (let index = 0; index < SECRETS; index++) {
    const { certificatePem, privateKeyPem } = generatedCertificate(rsaKey(2048, 'sha256'));
    await writeFile(join(directory, `tls-${index}.pem`), certificatePem);
    await writeFile(join(directory, `tls-${index}.key`), privateKeyPem, { mode: 0o600 });
  }
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'fleet', alg: 'ES256', use: 'sig' };
  await writeFile(join(directory, 'jwks.json'), JSON.stringify({ keys: [jwk] }));
}

function edgeFile(): string {
  const secrets = Array.from(
    { length: SECRETS },
    (_, index) =>
      `- {name: tls-${index}, certificate_chain: tls-${index}.pem, private_key: tls-${index}.key}\n`,
  );
  const numbers = Array.from({ length: LISTENERS }, (_, index) => index);
  return `certificates:
${secrets.join('')}
jwt_providers:
- name: people
  issuer: https://issuer.example
  audiences: [edge]
  jwks: {file: jwks.json}
auth_chains:
- name: people
  authenticate: [{jwt: {provider: people}}]
  authorize: {policies: [read]}
policies:
- name: read
  effect: allow
  principals: {jwt: {scopes: [read_api]}}
  requests: {methods: [GET], paths: [{prefix: /}]}
listeners:
${numbers.map(listenerEntry).join('')}
routes:
${numbers.map(routeEntry).join('')}`;
}

function listenerEntry(number: number): string {
  // Each of the ten secrets is used: three by most listeners, one by the last.
  const own = Array.from({ length: SECRETS }, (_, index) => index).filter(
    index => index % LISTENERS === number,
  );
  const secrets = own.map(
    index => `          - {name: tls-${index}, sds_config: {ads: {}, resource_api_version: V3}}\n`,
  );
  return `- name: edge-${number}
  address: {socket_address: {address: 127.0.0.1, port_value: ${10_000 + number}}}
  filter_chains:
  - filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        '@type': ${HCM}
        stat_prefix: edge_${number}
        rds: {route_config_name: edge-${number}, config_source: {ads: {}, resource_api_version: V3}}
        http_filters:
        - name: auth
          typed_config: {'@type': ${AUTH}, chain: people}
        - name: envoy.filters.http.router
          typed_config: {'@type': ${ROUTER}}
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        '@type': ${DOWNSTREAM_TLS}
        common_tls_context:
          tls_certificate_sds_secret_configs:
${secrets.join('')}`;
}

function routeEntry(number: number): string {
  return `- name: edge-${number}
  virtual_hosts:
  - name: all
    domains: ['*']
    routes:
    - match: {prefix: /}
      route: {cluster: ${serviceName(number)}}
`;
}
