import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../../scripts/paths.ts';

/** The parts of a bootstrap file that tests change. */
export interface Bootstrap {
  node: { id: string; cluster: string };
  dynamic_resources: Record<string, unknown>;
  [field: string]: unknown;
}

export interface BootstrapOptions {
  readonly xdsPort: number;
  /** Default: `edge-1`, as in the file. */
  readonly nodeId?: string;
  /** Takes the place of `/etc/envoy/certs`. */
  readonly certificates?: string;
}

/** A committed file of envoy-bootstrap/ with the addresses of a test; reconnects within a second. */
export async function loadBootstrap(name: string, options: BootstrapOptions): Promise<Bootstrap> {
  const text = await readFile(join(REPOSITORY, 'envoy-bootstrap', `${name}.yaml`), 'utf8');
  const bootstrap = parse(
    text
      .replace('port_value: 18000', `port_value: ${options.xdsPort}`)
      .replaceAll('/etc/envoy/certs', options.certificates ?? '/etc/envoy/certs')
      .replaceAll('{base_interval: 1s, max_interval: 30s}', '{base_interval: 0.1s, max_interval: 0.5s}'),
  ) as Bootstrap;
  if (options.nodeId !== undefined) bootstrap.node.id = options.nodeId;
  return bootstrap;
}
