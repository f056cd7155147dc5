import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Address {
  readonly address: { readonly socket_address: { readonly port_value: number } };
}

/** The part of snapshots/edge.yaml that `npm start` reads. */
interface ExampleFile {
  readonly listeners: readonly Address[];
  readonly endpoints: readonly {
    readonly cluster_name: string;
    readonly endpoints: readonly { readonly lb_endpoints: readonly { readonly endpoint: Address }[] }[];
  }[];
}

export interface DemoPorts {
  readonly listener: number;
  readonly upstreams: readonly { readonly name: string; readonly port: number }[];
}

/** The ports that the example names, so that changing them in the file is enough. @throws an Error when it has none. */
export async function demoPorts(snapshots: string): Promise<DemoPorts> {
  const path = join(snapshots, 'edge.yaml');
  const text = await readFile(path, 'utf8').catch((thrown: unknown) => {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(`npm start wants a copy of snapshots/, or --no-envoy: ${why}`, { cause: thrown });
  });
  try {
    return portsOf(parse(text) as ExampleFile);
  } catch (thrown) {
    const why = `${path} is not the example any more: it names no listener or endpoints`;
    throw new Error(`${why}. Correct it, or run with --no-envoy`, { cause: thrown });
  }
}

function portsOf(file: ExampleFile): DemoPorts {
  const [first] = file.listeners;
  if (first === undefined) throw new Error('no listener');
  const upstreams = new Map<number, string>();
  for (const { cluster_name: name, endpoints } of file.endpoints) {
    for (const { endpoint } of endpoints.flatMap(locality => locality.lb_endpoints)) {
      const port = endpoint.address.socket_address.port_value;
      // Two clusters may share a server.
      if (!upstreams.has(port)) upstreams.set(port, name);
    }
  }
  return {
    listener: first.address.socket_address.port_value,
    upstreams: [...upstreams].map(([port, name]) => ({ name, port })),
  };
}

/** @throws an Error that says what a taken port is for and how (`option`) to take another. Port 0 is always free. */
export async function requireFreePort(port: number, use: string, option: string): Promise<void> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((thrown: unknown) => {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
    const why = code === 'EADDRINUSE' ? 'is taken (by another npm start?)' : `cannot be had (${code})`;
    throw new Error(`port ${port}, for ${use}, ${why}: free it, or choose another one (${option})`);
  });
  server.close();
  await once(server, 'close');
}
