import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AuthplaneError } from '../../platform/errors.ts';

/** A running Envoy. Disposing ends it, by its pid. */
export interface EnvoyRun extends AsyncDisposable {
  readonly adminUrl: string;
  /** The end of its log, for messages. */
  tail(): string;
}

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 20;
const END_MS = 5_000;
const TAIL_CHARACTERS = 4_000;

/** Starts Envoy on a bootstrap and waits for its admin address. @throws AuthplaneError ENVOY_UNAVAILABLE with its log. */
export async function startEnvoy(binary: string, bootstrap: object): Promise<EnvoyRun> {
  const directory = await mkdtemp(join(tmpdir(), 'authplane-test-'));
  const config = join(directory, 'envoy.json');
  const admin = join(directory, 'admin');
  await writeFile(config, JSON.stringify(bootstrap), { mode: 0o600 });
  const child = spawn(
    binary,
    ['--config-path', config, '--admin-address-path', admin, '--concurrency', '1', '--disable-hot-restart'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-TAIL_CHARACTERS)));
  const dispose = async (): Promise<void> => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const address = await adminAddress(child, admin);
    return { adminUrl: `http://${address}`, tail: () => log, [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    await dispose();
    throw new AuthplaneError('ENVOY_UNAVAILABLE', `Envoy did not start: ${log}`, { cause: thrown });
  }
}

async function adminAddress(child: ChildProcess, path: string): Promise<string> {
  const failed = once(child, 'error').then(([thrown]) => Promise.reject(thrown as Error));
  const found = (async () => {
    const untilMs = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < untilMs && child.exitCode === null) {
      const address = (await readFile(path, 'utf8').catch(() => '')).trim();
      if (address !== '') return address;
      await pause(POLL_MS);
    }
    throw new Error('Envoy ended, or never told its address');
  })();
  return Promise.race([found, failed]);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await exited;
  clearTimeout(late);
}
