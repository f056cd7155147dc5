import { join, resolve } from 'node:path';

/** Where the token service keeps things in the state directory. */
export interface TokenFiles {
  /** Mode 0700. */
  readonly directory: string;
  /** The embedded database. */
  readonly database: string;
  /** The socket that commands ask. */
  readonly socket: string;
  /** The last good configuration. */
  readonly config: string;
  /** What proxies are given of it: public keys and revocations. */
  readonly published: string;
}

export function tokenFilesIn(stateDirectory: string): TokenFiles {
  const directory = join(resolve(stateDirectory), 'token-service');
  return {
    directory,
    database: join(directory, 'database'),
    socket: join(directory, 'control.sock'),
    config: join(directory, 'config.json'),
    published: join(directory, 'published.json'),
  };
}
