import pg from 'pg';
import type { Clock } from '../platform/clock.ts';
import { databaseError } from './database-error.ts';
import type { Database, Queryable, Row, SqlValue } from './database.ts';

export interface PostgresOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`. */
  readonly url: string;
  /** Connections at most, one for notices beside them. Default 4. */
  readonly maxConnections?: number;
}

/** Longer waits are worse than an answer that the database is away. */
const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 10_000;
const RELISTEN_MS = 1_000;

/** As the driver has them, and `int8` as number: sequence numbers stay far below 2^53. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** A PostgreSQL server. Connections are made when they are needed, and again when they were lost. */
export function openPostgres(options: PostgresOptions, clock: Clock): Database {
  const connection = {
    connectionString: options.url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'authplane',
    keepAlive: true,
    types,
  };
  const pool = new pg.Pool({ ...connection, max: options.maxConnections ?? 4 });
  // Without a listener the loss of an idle connection would end the process; the next query makes another one.
  pool.on('error', () => undefined);
  return {
    kind: 'postgres',
    ...queryableOn(pool),
    transaction: run => transaction(pool, run),
    listen: async (channel, onNotice) => {
      const listener = new Listener(connection, clock, channel, onNotice);
      await listener.start();
      return listener;
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

interface Runner {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

function queryableOn(runner: Runner): Queryable {
  const run = async (sql: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> => {
    try {
      return (await runner.query(sql, values.map(bound))).rows as readonly Row[];
    } catch (thrown) {
      throw databaseError(thrown);
    }
  };
  return {
    query: run,
    script: async sql => {
      try {
        // Without values the simple protocol is used, which takes several statements.
        await runner.query(sql);
      } catch (thrown) {
        throw databaseError(thrown);
      }
    },
  };
}

/** The driver takes bytes as Buffers only. */
function bound(value: SqlValue): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

async function transaction<T>(pool: pg.Pool, run: (inside: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((thrown: unknown) => {
    throw databaseError(thrown);
  });
  let broken: Error | undefined;
  client.on('error', error => (broken = error));
  const inside = queryableOn(client);
  try {
    await inside.query('begin');
    const result = await run(inside);
    await inside.query('commit');
    return result;
  } catch (thrown) {
    await inside.query('rollback').catch((failed: unknown) => {
      broken ??= failed instanceof Error ? failed : new Error(String(failed));
    });
    throw thrown;
  } finally {
    client.removeAllListeners('error');
    client.release(broken);
  }
}

/** One connection that only listens, and is made again when it is lost. */
class Listener implements AsyncDisposable {
  readonly #config: pg.ClientConfig;
  readonly #clock: Clock;
  readonly #channel: string;
  readonly #onNotice: () => void;
  #client: pg.Client | undefined;
  #retry: Disposable | undefined;
  #closed = false;

  constructor(config: pg.ClientConfig, clock: Clock, channel: string, onNotice: () => void) {
    this.#config = config;
    this.#clock = clock;
    this.#channel = channel;
    this.#onNotice = onNotice;
  }

  async start(): Promise<void> {
    const client = new pg.Client(this.#config);
    const lost = (): void => this.#lost(client);
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', this.#onNotice);
    this.#client = client;
    try {
      await client.connect();
      await client.query(`listen ${pg.escapeIdentifier(this.#channel)}`);
    } catch {
      lost();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#retry?.[Symbol.dispose]();
    await this.#client?.end();
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.end().catch(() => undefined);
    if (this.#closed) return;
    this.#retry = this.#clock.after(RELISTEN_MS, () => {
      void this.start().then(this.#onNotice);
    });
  }
}
