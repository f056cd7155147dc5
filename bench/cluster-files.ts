import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A directory of snapshot files with nothing but clusters, spread evenly. */
export interface ClusterFiles {
  readonly clusters: number;
  readonly files: number;
}

/** File name to text. `revision` goes into the connect time-out of the first cluster of each file: 1 to 9. */
export function clusterFileTexts(
  { clusters, files }: ClusterFiles,
  revision: number,
): ReadonlyMap<string, string> {
  const perFile = Math.ceil(clusters / files);
  const texts = new Map<string, string>();
  for (let file = 0; file * perFile < clusters; file++) {
    const count = Math.min(perFile, clusters - file * perFile);
    const entries = Array.from({ length: count }, (_, index) =>
      clusterEntry(file * perFile + index, index === 0 ? revision : 1),
    );
    texts.set(fileName(file), `clusters:\n${entries.join('')}`);
  }
  return texts;
}

/** The name of the file with this number. */
export function fileName(index: number): string {
  return `clusters-${String(index).padStart(3, '0')}.yaml`;
}

/** Writes the files. @throws what the file system throws. */
export async function writeClusterFiles(directory: string, size: ClusterFiles): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of clusterFileTexts(size, 1)) await writeFile(join(directory, name), text);
}

/** A cluster as operators write them: time-outs, circuit breakers, keep-alive, four endpoints. */
function clusterEntry(index: number, connectTimeoutSeconds: number): string {
  const name = `service-${String(index).padStart(5, '0')}`;
  const host = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const endpoints = [8080, 8081, 8082, 8083].map(
    port => `      - endpoint: {address: {socket_address: {address: ${host}, port_value: ${port}}}}\n`,
  );
  return `- name: ${name}
  type: STATIC
  connect_timeout: ${connectTimeoutSeconds}s
  lb_policy: LEAST_REQUEST
  circuit_breakers:
    thresholds:
    - {max_connections: 1024, max_pending_requests: 1024, max_requests: 4096}
  upstream_connection_options:
    tcp_keepalive: {keepalive_time: 60}
  load_assignment:
    cluster_name: ${name}
    endpoints:
    - lb_endpoints:
${endpoints.join('')}`;
}
