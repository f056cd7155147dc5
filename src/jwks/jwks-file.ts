import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import { writeFileAtomic } from '../platform/atomic-file.ts';
import { NO_JWKS, type Jwk, type JwksState } from './jwks-state.ts';
import { readJwks } from './read-jwks.ts';

/** Keeps the last good key sets on disk, so that a restart does not depend on the servers they come from. */
export class JwksFiles {
  readonly #directory: string;

  /** `directory` is made when it is first needed, with mode 0700. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What was kept of a URL; nothing when there is no file. @throws AuthplaneError STATE_CORRUPT for a file that is not whole. */
  async load(url: string): Promise<JwksState> {
    let text: string;
    try {
      text = await readFile(this.#pathOf(url), 'utf8');
    } catch {
      return NO_JWKS;
    }
    const kept = parse(text);
    if (kept?.url !== url)
      throw new AuthplaneError('STATE_CORRUPT', `the kept key set of ${url} cannot be read`);
    return { ...kept.state, failures: 0 };
  }

  /** @throws AuthplaneError STATE_DIR_UNUSABLE when it cannot be written. */
  async save(url: string, state: JwksState): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFileAtomic(this.#pathOf(url), Buffer.from(JSON.stringify({ url, state })));
    } catch (thrown) {
      throw new AuthplaneError('STATE_DIR_UNUSABLE', `a key set cannot be kept: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
  }

  #pathOf(url: string): string {
    return join(this.#directory, `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.json`);
  }
}

interface Kept {
  readonly url: string;
  readonly state: JwksState;
}

/** Keys are judged again: whoever can write the file could otherwise bring one in that is refused elsewhere. */
function parse(text: string): Kept | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || typeof value['url'] !== 'string' || !isObject(value['state'])) return undefined;
  const { keys, departed, etag, fetchedMs } = value['state'];
  const read = readJwks(JSON.stringify({ keys }));
  if (read.keys === undefined || typeof fetchedMs !== 'number' || !Array.isArray(departed)) return undefined;
  const state = {
    keys: read.keys,
    departed: departed.flatMap((entry: unknown) => readDeparted(entry) ?? []),
    etag: typeof etag === 'string' ? etag : undefined,
    fetchedMs,
    failures: 0,
  };
  return { url: value['url'], state };
}

function readDeparted(entry: unknown): { readonly key: Jwk; readonly leftMs: number } | undefined {
  if (!isObject(entry) || !isObject(entry['key']) || typeof entry['leftMs'] !== 'number') return undefined;
  const { keys } = readJwks(JSON.stringify({ keys: [entry['key']] }));
  return keys === undefined ? undefined : { key: entry['key'], leftMs: entry['leftMs'] };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
