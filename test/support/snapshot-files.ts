import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A snapshot file with one static cluster, for the nodes with this cluster name (default: all). */
export function clusterFile(name: string, nodeCluster?: string): string {
  const node = nodeCluster === undefined ? '' : `node: {clusters: [${nodeCluster}]}\n`;
  return `${node}clusters:
- name: ${name}
  type: STATIC
  connect_timeout: 1s
  load_assignment:
    cluster_name: ${name}
    endpoints:
    - lb_endpoints:
      - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}
`;
}

/** Writes files by relative path and returns the directory. */
export async function writeFiles(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    const absolute = join(directory, path);
    await mkdir(dirname(absolute), { recursive: true });
    await writeFile(absolute, text);
  }
  return directory;
}
