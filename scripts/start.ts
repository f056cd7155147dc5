// `npm start`: authplane on snapshots/, two small servers, and one real Envoy between them and you, until Ctrl-C.
import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Upstream } from '../test/support/upstream.ts';
import { demoPaths, ensureDemoKeys, wantsDemoKeys } from './demo-keys.ts';
import { demoPorts, requireFreePort } from './demo-ports.ts';
import { runDemo, runProgram, startAuthplane, startEnvoy } from './demo-processes.ts';
import { showRequests } from './demo-requests.ts';
import { ensureEnvoy } from './envoy.ts';
import { readOptions, USAGE, type StartOptions } from './start-options.ts';

/** Prints how to bring a proxy here. */
function explain(xdsPort: number, adminAddress: string): void {
  console.log(`
No Envoy was started. To bring one here:
npx authplane bootstrap --node-id edge-1 --node-cluster edge --xds-address 127.0.0.1:${xdsPort} > envoy.yaml
envoy -c envoy.yaml

What it has: npx authplane status --all --server http://${adminAddress}
Ctrl-C ends authplane.
`);
}

/** Takes the ports of the example, in this process where they are servers. @throws an Error that names a taken one. */
async function claimPorts(options: StartOptions, stack: AsyncDisposableStack): Promise<number> {
  await requireFreePort(options.envoyAdminPort, 'the admin address of Envoy', '--envoy-admin-port');
  const { listener, upstreams } = await demoPorts(options.snapshots);
  const inFile = join(relative(process.cwd(), options.snapshots), 'edge.yaml');
  await requireFreePort(listener, 'the listener in edge.yaml', inFile);
  for (const { name, port } of upstreams) {
    await requireFreePort(port, `the server behind the cluster ${name}`, inFile);
    stack.use(await Upstream.start(name, port));
  }
  return listener;
}

/** Runs until a signal comes or a child ends by itself. Returns the exit code. */
async function main(options: StartOptions, stack: AsyncDisposableStack): Promise<number> {
  const envoy = options.withEnvoy ? await ensureEnvoy() : undefined;
  if ((await wantsDemoKeys(options.snapshots)) && (await ensureDemoKeys(options.snapshots))) {
    console.log(`made the keys of the example: ${demoPaths(options.snapshots).directory}`);
  }
  await requireFreePort(options.xdsPort, 'the xDS server', '--xds-port');
  await requireFreePort(options.adminPort, 'the admin address of authplane', '--admin-port');
  const listenerPort = envoy === undefined ? 0 : await claimPorts(options, stack);
  await mkdir(options.workDirectory, { recursive: true, mode: 0o700 });
  return runDemo(stack, async launch => {
    const { xdsPort, adminAddress } = await startAuthplane(options, launch);
    if (envoy === undefined) {
      explain(xdsPort, adminAddress);
      return;
    }
    const { workDirectory, envoyAdminPort: adminPort } = options;
    await startEnvoy({ envoy, workDirectory, adminPort, xdsPort }, launch);
    await showRequests(options.snapshots, listenerPort);
  });
}

await runProgram(USAGE, stack => main(readOptions(), stack));
