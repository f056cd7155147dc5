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

/** The ports that the example names, so that changing them in the file is enough. @throws when the file has none. */
export async function demoPorts(snapshots: string): Promise<DemoPorts> {
  const path = join(snapshots, 'edge.yaml');
  const file = parse(await readFile(path, 'utf8')) as ExampleFile;
  const listener = file.listeners[0]?.address.socket_address.port_value;
  if (listener === undefined) throw new Error(`${path} has no listener`);
  const upstreams = file.endpoints.flatMap(({ cluster_name: name, endpoints }) =>
    endpoints.flatMap(locality =>
      locality.lb_endpoints.map(({ endpoint }) => ({
        name,
        port: endpoint.address.socket_address.port_value,
      })),
    ),
  );
  return { listener, upstreams };
}

/** @throws an Error that says whose port it is, when something else listens on it. Port 0 is always free. */
export async function requireFreePort(port: number, use: string): Promise<void> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((thrown: unknown) => {
    const why = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
    throw new Error(`port ${port} is wanted for ${use} but cannot be had: ${why}`);
  });
  server.close();
  await once(server, 'close');
}
