import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Child } from './child-process.ts';
import { formatLogLine } from './log-line.ts';
import { REPOSITORY } from './paths.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm passes on a signal that the terminal has already sent to all: the second of such a pair means nothing. */
const SAME_SIGNAL_MS = 1_000;

/** Starts a child that ends with this program. @throws an Error when that is ending already. */
export type Launch = (...command: Parameters<typeof Child.start>) => Child;

/** The authplane of an example. Port 0 takes a free one. */
export interface DemoServer {
  readonly snapshots: string;
  readonly workDirectory: string;
  readonly xdsPort: number;
  readonly adminPort: number;
  /** More flags of `authplane serve`. */
  readonly flags?: readonly string[];
}

/** An Envoy of an example. */
export interface DemoEnvoy {
  /** The binary. */
  readonly envoy: string;
  readonly workDirectory: string;
  readonly xdsPort: number;
  readonly adminPort: number;
  /** Whose sidecar it is: its node id is `SERVICE-1` and its cluster `SERVICE`. Absent: as the bootstrap file says. */
  readonly service?: string;
}

/** The key that the last good snapshots are encrypted with; kept, so that the next start reads them. */
async function makeStateKey(path: string): Promise<void> {
  await writeFile(path, randomBytes(32), { mode: 0o600, flag: 'wx' }).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  });
}

/** Starts authplane and returns the addresses of its ready line. */
export async function startAuthplane(
  options: DemoServer,
  launch: Launch,
): Promise<{ readonly xdsPort: number; readonly adminAddress: string }> {
  const stateKey = join(options.workDirectory, 'state.key');
  await makeStateKey(stateKey);
  const child = launch(
    process.execPath,
    [
      join(REPOSITORY, 'src', 'main.ts'),
      'serve',
      ...['--snapshots', options.snapshots, '--state-dir', join(options.workDirectory, 'state')],
      ...['--state-key-file', stateKey],
      ...[
        '--xds-address',
        `127.0.0.1:${options.xdsPort}`,
        '--admin-address',
        `127.0.0.1:${options.adminPort}`,
      ],
      ...['--drain-delay', '0s', '--drain-spread', '0s'],
      ...(options.flags ?? []),
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
export async function startEnvoy(options: DemoEnvoy, launch: Launch): Promise<void> {
  const { envoy, workDirectory, xdsPort, service } = options;
  const suffix = service === undefined ? '' : `-${service}`;
  const bootstrap = join(workDirectory, `bootstrap${suffix}.yaml`);
  const adminFile = join(workDirectory, `envoy-admin-address${suffix}`);
  const logFile = join(workDirectory, `envoy${suffix}.log`);
  const text = await readFile(join(REPOSITORY, 'envoy-bootstrap', 'ads-delta.yaml'), 'utf8');
  await rm(adminFile, { force: true });
  await writeFile(
    bootstrap,
    text
      .replace('port_value: 18000', `port_value: ${xdsPort}`)
      .replace('port_value: 9901', `port_value: ${options.adminPort}`),
  );
  const log = createWriteStream(logFile);
  const child = launch(
    envoy,
    [
      ...['--config-path', bootstrap, '--admin-address-path', adminFile],
      ...(service === undefined ? [] : ['--service-node', `${service}-1`, '--service-cluster', service]),
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
  console.log(
    `${service === undefined ? 'Envoy' : `The sidecar of ${service}`} serves; its log: ${relative(process.cwd(), logFile)}`,
  );
}

async function isLive(adminFile: string): Promise<boolean> {
  const address = (await readFile(adminFile, 'utf8').catch(() => '')).trim();
  if (address === '') return false;
  return fetch(`http://${address}/ready`).then(
    response => response.status === 200,
    () => false,
  );
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

/** Runs an example until a signal comes or a child ends by itself. Returns the exit code. */
export async function runDemo(
  stack: AsyncDisposableStack,
  setUp: (launch: Launch) => Promise<void>,
): Promise<number> {
  const signalled = firstSignal();
  const children: Child[] = [];
  const launch: Launch = (...command) => {
    if (stack.disposed) throw new Error('ended by a signal');
    const child = stack.use(Child.start(...command));
    children.push(child);
    return child;
  };
  const ready = setUp(launch);
  // What a signal interrupts fails later, when nobody waits for it any more.
  void signalled.then(() => ready.catch(() => undefined));
  if ((await Promise.race([ready.then(() => 'ready'), signalled])) === 'signalled') return 0;
  const ended = Promise.race(children.map(child => child.exited.then(() => child)));
  const child = await Promise.race([ended, signalled]);
  if (child === 'signalled') return 0;
  console.error(`a child ended by itself:\n${child.tail()}`);
  return 1;
}

/** The program itself: sets the exit code, prints what went wrong, and ends what `main` has put on the stack. A TypeError is a wrong command line. */
export async function runProgram(
  usage: string,
  main: (stack: AsyncDisposableStack) => Promise<number>,
): Promise<void> {
  const stack = new AsyncDisposableStack();
  try {
    process.exitCode = await main(stack);
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    if (thrown instanceof TypeError) console.error(usage);
    process.exitCode = thrown instanceof TypeError ? 64 : 1;
  } finally {
    await stack.disposeAsync();
  }
}
