// `npm run mesh`: two services with sidecars, a CA, and authplane that renews what the CA has issued, until Ctrl-C.
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import { openAuthority } from '../src/authority/open-authority.ts';
import { systemClock } from '../src/platform/clock.ts';
import { Upstream } from '../test/support/upstream.ts';
import { requireFreePort } from './demo-ports.ts';
import { runDemo, runProgram, startAuthplane, startEnvoy } from './demo-processes.ts';
import { ensureEnvoy } from './envoy.ts';
import { readOptions, USAGE, type MeshOptions } from './mesh-options.ts';

const DAY_MS = 86_400_000;
/** `intruder` has a certificate of the same CA, and nobody names it as a caller. */
const IDENTITIES = ['orders', 'web', 'intruder'];

interface ExamplePorts {
  /** The sidecar of orders. */
  readonly inbound: number;
  /** Behind which web calls orders. */
  readonly local: number;
  /** orders itself. */
  readonly app: number;
}

async function readPorts(snapshots: string): Promise<ExamplePorts> {
  const read = async (name: string): Promise<unknown> => parse(await readFile(join(snapshots, name), 'utf8'));
  const { services } = (await read('services.yaml')) as {
    services: { name: string; ports: { port: number; app_port: number }[] }[];
  };
  const { sidecar } = (await read('web.yaml')) as { sidecar: { calls: { local_port: number }[] } };
  const port = services.find(({ name }) => name === 'orders')?.ports[0];
  const call = sidecar.calls[0];
  if (port === undefined || call === undefined)
    throw new Error('the example has no service orders that web calls');
  return { inbound: port.port, app: port.app_port, local: call.local_port };
}

/** Makes the CA and the certificates that are missing; authplane renews them from then on. */
async function ensureIdentities(snapshots: string): Promise<string> {
  const generated = join(snapshots, 'generated');
  const caDir = join(generated, 'ca');
  const authority = await openAuthority(caDir, undefined, systemClock);
  if (!existsSync(join(caDir, 'authority.json'))) await authority.init('shop example');
  for (const name of IDENTITIES) {
    const certificatePath = join(generated, `${name}.pem`);
    if (existsSync(certificatePath)) continue;
    await authority.issue(
      name,
      {
        uris: [`spiffe://shop.example/${name}`],
        dnsNames: [],
        ipAddresses: [],
        usages: ['server', 'client'],
        keyType: 'ec',
        lifetimeMs: 7 * DAY_MS,
      },
      { certificatePath, privateKeyPath: join(generated, `${name}.key`) },
    );
  }
  await authority.renew();
  return caDir;
}

/** The status of a call from web to orders, once it is 200, or what it is after 10 seconds. */
async function firstCall(port: number): Promise<number> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}/orders/7`).then(
      response => response.status,
      () => 0,
    );
    if (status === 200 || performance.now() > deadline) return status;
    await pause(50);
  }
}

async function explain(
  options: MeshOptions,
  caDir: string,
  ports: ExamplePorts,
  adminAddress: string,
): Promise<void> {
  const generated = relative(process.cwd(), join(options.snapshots, 'generated'));
  const ca = relative(process.cwd(), caDir);
  console.log(`
# allowed: web calls orders, through both sidecars
curl http://127.0.0.1:${ports.local}/orders/7
${await firstCall(ports.local)}

# denied with 403: a certificate of the same CA that nobody names as a caller
curl -k --cert ${generated}/intruder.pem --key ${generated}/intruder.key https://127.0.0.1:${ports.inbound}/

# refused: no certificate
curl -k https://127.0.0.1:${ports.inbound}/

Replace the CA while calls go on; nothing is dropped:
npx authplane ca rotate --wait --ca-dir ${ca} --server http://${adminAddress}

Revoke web: orders takes no new connection of it; on open ones its calls go on for five minutes at most:
npx authplane ca revoke web --ca-dir ${ca}

Who may have which certificate: npx authplane secrets list --server http://${adminAddress}
Ctrl-C ends everything.
`);
}

async function main(options: MeshOptions, stack: AsyncDisposableStack): Promise<number> {
  const envoy = await ensureEnvoy();
  const { snapshots, workDirectory } = options;
  const ports = await readPorts(snapshots);
  for (const [port, what] of [
    [ports.inbound, 'the sidecar of orders'],
    [ports.local, 'the local port of web'],
  ] as const) {
    await requireFreePort(port, what, relative(process.cwd(), snapshots));
  }
  stack.use(await Upstream.start('orders', ports.app));
  await mkdir(workDirectory, { recursive: true, mode: 0o700 });
  const caDir = await ensureIdentities(snapshots);
  return runDemo(stack, async launch => {
    const flags = ['--ca-dir', caDir];
    const server = { snapshots, workDirectory, xdsPort: 0, adminPort: 0, flags };
    const { xdsPort, adminAddress } = await startAuthplane(server, launch);
    for (const service of ['orders', 'web']) {
      await startEnvoy({ envoy, workDirectory, xdsPort, adminPort: 0, service }, launch);
    }
    await explain(options, caDir, ports, adminAddress);
  });
}

await runProgram(USAGE, stack => main(readOptions(), stack));
