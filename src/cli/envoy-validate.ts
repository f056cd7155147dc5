import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import type { JsonRecord } from '../compiler/resource-json.ts';

/** What Envoy says about a configuration. */
export type EnvoyVerdict =
  { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly reason: string };

/**
 * The Envoy to ask: the one given, else `$ENVOY`, else `envoy` on PATH.
 * @throws AuthplaneError ENVOY_UNAVAILABLE
 */
export async function findEnvoy(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const chosen = given ?? (environment['ENVOY'] === '' ? undefined : environment['ENVOY']);
  const directories = (environment['PATH'] ?? '').split(delimiter).filter(directory => directory !== '');
  const candidates = chosen === undefined ? directories.map(directory => join(directory, 'envoy')) : [chosen];
  for (const candidate of candidates) {
    if (await isExecutable(candidate)) return candidate;
  }
  const looked = chosen === undefined ? 'there is no envoy on PATH' : `${chosen} cannot be run`;
  throw new AuthplaneError('ENVOY_UNAVAILABLE', `${looked}; set ENVOY or --envoy-binary to an Envoy`);
}

/**
 * Runs `envoy --mode validate` on a configuration, which is written to a private directory for that time.
 * @throws AuthplaneError ENVOY_UNAVAILABLE when Envoy cannot be run or does not end within a minute.
 */
export async function validateWithEnvoy(binary: string, config: JsonRecord): Promise<EnvoyVerdict> {
  const directory = await mkdtemp(join(tmpdir(), 'authplane-validate-'));
  try {
    const path = join(directory, 'envoy.json');
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return await run(binary, [
      '--mode',
      'validate',
      '--log-level',
      'error',
      '--disable-hot-restart',
      '-c',
      path,
    ]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function run(binary: string, args: readonly string[]): Promise<EnvoyVerdict> {
  return new Promise((resolve, reject) => {
    execFile(binary, args, { timeout: 60_000, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve({ kind: 'accepted' });
      else if (typeof error.code === 'number')
        resolve({ kind: 'refused', reason: reasonOf(`${stdout}\n${stderr}`) });
      else
        reject(new AuthplaneError('ENVOY_UNAVAILABLE', `${binary}: ${messageOf(error)}`, { cause: error }));
    });
  });
}

/** The last message that Envoy logged, without its log prefix and without any private key. */
function reasonOf(output: string): string {
  const lines = output.split('\n').filter(line => line.trim() !== '');
  const messages = lines.map(line =>
    line.replace(/^\[[^\]]*\]\[[^\]]*\]\[[^\]]*\]\[[^\]]*\] (\[[^\]]*\] )?/, '').trim(),
  );
  const isWanted = (message: string): boolean =>
    !/^(exiting|error initializing configuration '[^']*':?)$/i.test(message);
  const reason = messages.findLast(isWanted) ?? 'Envoy gave no reason';
  return reason
    .replace(/^error initializing configuration '[^']*': /, '')
    .replaceAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*/g, '[redacted]')
    .slice(0, 1000);
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
