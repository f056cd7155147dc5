// `npm start`: authplane on snapshots/, two small servers, and one real Envoy between them and you, until Ctrl-C.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Upstream } from '../test/support/upstream.ts';
import { Child } from './child-process.ts';
import { demoPaths, demoToken, ensureDemoKeys } from './demo-keys.ts';
import { demoPorts, requireFreePort, type DemoPorts } from './demo-ports.ts';
import { httpsRequest } from './https-request.ts';
import { ensureEnvoy } from './envoy.ts';
import { formatLogLine } from './log-line.ts';
import { CACHE, REPOSITORY } from './paths.ts';

const USAGE = `Usage: npm start [-- OPTIONS]
  --no-envoy              run the control plane alone
  --snapshots DIR         default: snapshots; a copy of it otherwise
  --work-dir DIR          last good snapshots, logs (default: .cache/demo)
  --xds-port N            default: 18000; 0 takes a free one
  --admin-port N          admin address of authplane (default: 19000)
  --envoy-admin-port N    admin address of Envoy (default: 9901)`;

interface Options {
  readonly withEnvoy: boolean;
  readonly snapshots: string;
  readonly workDirectory: string;
  readonly xdsPort: number;
  readonly adminPort: number;
  readonly envoyAdminPort: number;
}

/** @throws a TypeError for an unknown option or a port that is none. */
function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      'no-envoy': { type: 'boolean', default: false },
      snapshots: { type: 'string', default: join(REPOSITORY, 'snapshots') },
      'work-dir': { type: 'string', default: join(CACHE, 'demo') },
      'xds-port': { type: 'string', default: '18000' },
      'admin-port': { type: 'string', default: '19000' },
      'envoy-admin-port': { type: 'string', default: '9901' },
    },
  });
  return {
    withEnvoy: !values['no-envoy'],
    snapshots: resolve(values.snapshots),
    workDirectory: resolve(values['work-dir']),
    xdsPort: portOf(values['xds-port']),
    adminPort: portOf(values['admin-port']),
    envoyAdminPort: portOf(values['envoy-admin-port']),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new TypeError(`${text} is not a port`);
  return port;
}

/** Starts authplane and returns the xDS port of its ready line. */
async function startAuthplane(options: Options, onChild: (child: Child) => void): Promise<number> {
  const child = Child.start(
    process.execPath,
    [
      join(REPOSITORY, 'src', 'main.ts'),
      'serve',
      ...['--snapshots', options.snapshots, '--state-dir', join(options.workDirectory, 'state')],
      ...[
        '--xds-address',
        `127.0.0.1:${options.xdsPort}`,
        '--admin-address',
        `127.0.0.1:${options.adminPort}`,
      ],
      ...['--drain-delay', '0s', '--drain-spread', '0s'],
    ],
    { onStderr: line => printLog(line) },
  );
  onChild(child);
  for (;;) {
    const ready = child.stdout
      .map(line => /^authplane ready xds=\S+:(\d+) /.exec(line)?.[1])
      .find(port => port);
    if (ready !== undefined) {
      console.log(child.stdout.find(line => line.startsWith('authplane ready')));
      return Number(ready);
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
  options: Options,
  xdsPort: number,
  onChild: (child: Child) => void,
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
  const child = Child.start(
    envoy,
    [
      ...['--config-path', bootstrap, '--admin-address-path', adminFile],
      ...['--concurrency', '1', '--disable-hot-restart', '--drain-time-s', '5'],
    ],
    { onStderr: line => log.write(`${line}\n`) },
  );
  onChild(child);
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

/** Makes one request that is allowed and two that are denied, and says how to repeat them. @throws when one surprises. */
async function show(options: Options, ports: DemoPorts): Promise<void> {
  const token = await demoToken(options.snapshots, { sub: 'alice', roles: ['reader'] });
  const ca = await readFile(demoPaths(options.snapshots).ca, 'utf8');
  const caPath = relative(process.cwd(), demoPaths(options.snapshots).ca);
  const curl = `curl --cacert ${caPath}`;
  const url = `https://localhost:${ports.listener}/orders/7`;
  const bearer = `-H "authorization: Bearer $TOKEN"`;
  const cases = [
    {
      says: 'allowed: a reader reads',
      method: 'GET',
      token,
      expected: 200,
      command: `${curl} ${bearer} ${url}`,
    },
    { says: 'denied: no token', method: 'GET', token: undefined, expected: 401, command: `${curl} ${url}` },
    {
      says: 'denied: a reader deletes',
      method: 'DELETE',
      token,
      expected: 403,
      command: `${curl} ${bearer} -X DELETE ${url}`,
    },
  ];
  console.log(`\nTOKEN=${token}`);
  for (const { says, method, token: bearerToken, expected, command } of cases) {
    const request = { port: ports.listener, path: '/orders/7', method, ca };
    const answer = await httpsRequest(
      bearerToken === undefined ? request : { ...request, token: bearerToken },
    );
    console.log(`\n# ${says}\n${command}\n${answer.status} ${answer.body.trim()}`);
    if (answer.status !== expected) throw new Error(`expected status ${expected}`);
  }
  const file = relative(process.cwd(), join(options.snapshots, 'edge.yaml'));
  console.log(`
Now edit ${file}: uncomment the policy \`orders\`, save, and delete again. Misspell something and see it refused.
Ctrl-C ends everything.
`);
}

/** Runs until a signal comes or a child ends by itself. Returns the exit code. */
async function main(options: Options, stack: AsyncDisposableStack): Promise<number> {
  const envoy = options.withEnvoy ? await ensureEnvoy() : undefined;
  if (await ensureDemoKeys(options.snapshots)) console.log('made the keys of the example in generated/');
  const ports = await demoPorts(options.snapshots);
  await requireFreePort(options.xdsPort, 'the xDS server (--xds-port)');
  await requireFreePort(options.adminPort, 'the admin address of authplane (--admin-port)');
  if (envoy !== undefined) {
    await requireFreePort(options.envoyAdminPort, 'the admin address of Envoy (--envoy-admin-port)');
    await requireFreePort(ports.listener, 'the listener in edge.yaml');
    for (const { name, port } of ports.upstreams) {
      await requireFreePort(port, `the server behind the cluster ${name} in edge.yaml`);
      stack.use(await Upstream.start(name, port));
    }
  }
  await mkdir(options.workDirectory, { recursive: true, mode: 0o700 });

  const signalled = Promise.race(
    (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(signal => once(process, signal).then(() => undefined)),
  );
  const children: Child[] = [];
  const onChild = (child: Child): void => {
    stack.use(child);
    children.push(child);
  };
  const setUp = async (): Promise<'ready'> => {
    const xdsPort = await startAuthplane(options, onChild);
    if (envoy !== undefined) {
      await startEnvoy(envoy, options, xdsPort, onChild);
      await show(options, ports);
    }
    return 'ready';
  };
  if ((await Promise.race([setUp(), signalled])) === undefined) return 0;
  const ended = Promise.race(children.map(child => child.exited.then(() => child)));
  const child = await Promise.race([ended, signalled]);
  if (child === undefined) return 0;
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
