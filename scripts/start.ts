// `npm start`: authplane on snapshots/, two small servers, and one real Envoy between them and you, until Ctrl-C.
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Upstream } from '../test/support/upstream.ts';
import { Child } from './child-process.ts';
import { demoPaths, ensureDemoKeys, wantsDemoKeys } from './demo-keys.ts';
import { demoPorts, requireFreePort } from './demo-ports.ts';
import { showRequests } from './demo-requests.ts';
import { ensureEnvoy } from './envoy.ts';
import { formatLogLine } from './log-line.ts';
import { REPOSITORY } from './paths.ts';
import { readOptions, USAGE, type StartOptions } from './start-options.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm passes on a signal that the terminal has already sent to all: the second of such a pair means nothing. */
const SAME_SIGNAL_MS = 1_000;

/** Starts a child that ends with this program. @throws an Error when that is ending already. */
type Launch = (...command: Parameters<typeof Child.start>) => Child;

function stateKeyFile({ workDirectory }: StartOptions): string {
  return join(workDirectory, 'state.key');
}

/** The key that the last good snapshots are encrypted with; kept, so that the next start reads them. */
async function makeStateKey(path: string): Promise<void> {
  await writeFile(path, randomBytes(32), { mode: 0o600, flag: 'wx' }).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  });
}

/** Starts authplane and returns the addresses of its ready line. */
async function startAuthplane(
  options: StartOptions,
  launch: Launch,
): Promise<{ readonly xdsPort: number; readonly adminAddress: string }> {
  const child = launch(
    process.execPath,
    [
      join(REPOSITORY, 'src', 'main.ts'),
      'serve',
      ...['--snapshots', options.snapshots, '--state-dir', join(options.workDirectory, 'state')],
      ...['--state-key-file', stateKeyFile(options)],
      ...[
        '--xds-address',
        `127.0.0.1:${options.xdsPort}`,
        '--admin-address',
        `127.0.0.1:${options.adminPort}`,
      ],
      ...['--drain-delay', '0s', '--drain-spread', '0s'],
    ],
    { ownGroup: true, onStderr: line => printLog(line) },
  );
  for (;;) {
    for (const line of child.stdout) {
      const [, xdsPort, adminAddress] = /^authplane ready xds=\S+:(\d+) admin=(\S+) /.exec(line) ?? [];
      if (adminAddress === undefined) continue;
      console.log(line);
      return { xdsPort: Number(xdsPort), adminAddress };
    }
    if (child.hasExited) throw new Error('authplane ended at its start');
    await pause(20);
  }
}

function printLog(line: string): void {
  const text = formatLogLine(line);
  if (text !== undefined) console.log(text);
}

/** Starts Envoy with envoy-bootstrap/ads-delta.yaml, with the ports changed, and waits until it serves. */
async function startEnvoy(
  envoy: string,
  options: StartOptions,
  xdsPort: number,
  launch: Launch,
): Promise<void> {
  const bootstrap = join(options.workDirectory, 'bootstrap.yaml');
  const adminFile = join(options.workDirectory, 'envoy-admin-address');
  const logFile = join(options.workDirectory, 'envoy.log');
  const text = await readFile(join(REPOSITORY, 'envoy-bootstrap', 'ads-delta.yaml'), 'utf8');
  await rm(adminFile, { force: true });
  await writeFile(
    bootstrap,
    text
      .replace('port_value: 18000', `port_value: ${xdsPort}`)
      .replace('port_value: 9901', `port_value: ${options.envoyAdminPort}`),
  );
  const log = createWriteStream(logFile);
  const child = launch(
    envoy,
    [
      ...['--config-path', bootstrap, '--admin-address-path', adminFile],
      ...['--concurrency', '1', '--disable-hot-restart', '--drain-time-s', '5'],
    ],
    { ownGroup: true, onStderr: line => log.write(`${line}\n`) },
  );
  const deadline = performance.now() + 30_000;
  while (!(await isLive(adminFile))) {
    if (child.hasExited) throw new Error(`Envoy ended at its start:\n${child.tail()}`);
    if (performance.now() > deadline)
      throw new Error(`Envoy got no configuration within 30 s; its log: ${logFile}`);
    await pause(50);
  }
  console.log(`Envoy serves; its log: ${relative(process.cwd(), logFile)}`);
}

async function isLive(adminFile: string): Promise<boolean> {
  const address = (await readFile(adminFile, 'utf8').catch(() => '')).trim();
  if (address === '') return false;
  return fetch(`http://${address}/ready`).then(
    response => response.status === 200,
    () => false,
  );
}

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

/** Resolves at the first signal; a later one ends everything at once. */
function firstSignal(): Promise<'signalled'> {
  return new Promise(resolve => {
    let firstMs: number | undefined;
    const onSignal = (): void => {
      const nowMs = performance.now();
      firstMs ??= nowMs;
      if (nowMs - firstMs > SAME_SIGNAL_MS) process.exit(1);
      resolve('signalled');
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
  });
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
  await makeStateKey(stateKeyFile(options));

  const signalled = firstSignal();
  const children: Child[] = [];
  const launch: Launch = (...command) => {
    if (stack.disposed) throw new Error('ended by a signal');
    const child = stack.use(Child.start(...command));
    children.push(child);
    return child;
  };
  const setUp = async (): Promise<'ready'> => {
    const { xdsPort, adminAddress } = await startAuthplane(options, launch);
    if (envoy === undefined) {
      explain(xdsPort, adminAddress);
    } else {
      await startEnvoy(envoy, options, xdsPort, launch);
      await showRequests(options.snapshots, listenerPort);
    }
    return 'ready';
  };
  const ready = setUp();
  // What a signal interrupts fails later, when nobody waits for it any more.
  void signalled.then(() => ready.catch(() => undefined));
  if ((await Promise.race([ready, signalled])) === 'signalled') return 0;
  const ended = Promise.race(children.map(child => child.exited.then(() => child)));
  const child = await Promise.race([ended, signalled]);
  if (child === 'signalled') return 0;
  console.error(`a child ended by itself:\n${child.tail()}`);
  return 1;
}

const stack = new AsyncDisposableStack();
try {
  process.exitCode = await main(readOptions(), stack);
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  if (thrown instanceof TypeError) console.error(USAGE);
  process.exitCode = thrown instanceof TypeError ? 64 : 1;
} finally {
  await stack.disposeAsync();
}
