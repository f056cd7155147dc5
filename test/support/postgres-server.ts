import { execFile } from 'node:child_process';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { Child } from '../../scripts/child-process.ts';
import { ensurePostgres } from '../../scripts/postgres.ts';
import { waitFor } from './wait-for.ts';

const run = promisify(execFile);

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A PostgreSQL server of Debian's package on a free loopback port, in a directory of its own. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly #programs: string;
  readonly #directory: string;
  readonly #user: User | undefined;
  #child: Child | undefined;

  private constructor(programs: string, directory: string, port: number, user: User | undefined) {
    this.#programs = programs;
    this.#directory = directory;
    this.port = port;
    this.#user = user;
  }

  static async start(): Promise<PostgresServer> {
    const programs = await ensurePostgres();
    const directory = await mkdtemp(join(tmpdir(), 'authplane-postgres-'));
    const user = await serverUser();
    if (user !== undefined) await chown(directory, user.uid, user.gid);
    const init = ['-D', join(directory, 'data'), '-U', 'authplane', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
    await run(join(programs, 'initdb'), init, { ...user, cwd: directory });
    const server = new PostgresServer(programs, directory, await freePort(), user);
    await server.up();
    return server;
  }

  /** Of one of its databases. */
  url(database = 'postgres'): string {
    return `postgres://authplane@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server again after `down`, on the same port with the same data. */
  async up(): Promise<void> {
    // Nothing here outlives the machine, so nothing has to reach the disk.
    const settings = ['fsync=off', 'max_connections=60', 'shared_buffers=32MB', 'jit=off'];
    this.#child = Child.start(
      join(this.#programs, 'postgres'),
      [
        ...['-D', join(this.#directory, 'data'), '-p', String(this.port), '-h', '127.0.0.1', '-k', ''],
        ...settings.flatMap(setting => ['-c', setting]),
      ],
      { cwd: this.#directory, ...(this.#user === undefined ? {} : { user: this.#user }) },
    );
    await waitFor('PostgreSQL answers', () => this.#answers(), 30_000);
  }

  /** Ends all connections at once, as a crash would. */
  async down(): Promise<void> {
    this.#child?.signal('SIGQUIT');
    await this.#child?.exited;
    this.#child = undefined;
  }

  /** Makes a database with a name of its own and returns its URL. */
  async createDatabase(): Promise<string> {
    const name = `t${Math.random().toString(36).slice(2)}`;
    await this.#run(`create database ${name}`);
    return this.url(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#run('select 1');
      return true;
    } catch {
      return false;
    }
  }

  async #run(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url(), connectionTimeoutMillis: 1_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(sql);
    } finally {
      await client.end();
    }
  }
}

/** PostgreSQL does not run as root. */
async function serverUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(await readFile('/etc/passwd', 'utf8')) ?? [];
  if (uid === undefined || gid === undefined) throw new Error('there is no user "postgres" on this machine');
  return { uid: Number(uid), gid: Number(gid) };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
