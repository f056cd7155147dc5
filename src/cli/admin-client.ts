import { Option } from 'commander';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import type { CliIo } from './io.ts';

const TIMEOUT_MS = 10_000;

/** `--server`: the admin address of a running authplane. */
export function serverOption(io: CliIo): Option {
  const byDefault = io.environment['AUTHPLANE_SERVER'] ?? 'http://127.0.0.1:19000';
  return new Option('--server <url>', 'admin address of authplane, also AUTHPLANE_SERVER').default(byDefault);
}

/**
 * GETs one page of the admin API.
 * @throws AuthplaneError UNREACHABLE when nothing, or nothing of ours, answers; USAGE for a URL that is none
 */
export async function getJson<T>(server: string, path: string): Promise<T> {
  const page = await findJson<T>(server, path);
  if (page === undefined)
    throw new AuthplaneError('UNREACHABLE', `no authplane at ${server}: it answered 404`);
  return page;
}

/** The same for a page that may not be there: undefined for 404. */
export async function findJson<T>(server: string, path: string): Promise<T | undefined> {
  const base = server.includes('://') ? server : `http://${server}`;
  if (!URL.canParse(path, base))
    throw new AuthplaneError('USAGE', `--server is "${server}" but must be a URL`);
  const url = new URL(path, base);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return (await response.json()) as T;
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    throw new AuthplaneError('UNREACHABLE', `no authplane at ${url.origin}: ${messageOf(cause)}`, {
      cause: thrown,
    });
  }
}
