/** What a query takes. Texts for `jsonb`, `Date` for `timestamptz`, bytes for `bytea`, arrays for arrays. */
export type SqlValue = string | number | boolean | Date | Uint8Array | null | readonly string[];

/** A row by the names of its columns: `int8` as number, `timestamptz` as `Date`, `bytea` as bytes, `jsonb` parsed. */
export type Row = Readonly<Record<string, unknown>>;

/** Something that runs SQL: a database, or a transaction on it. */
export interface Queryable {
  /** @throws AuthplaneError DATABASE_UNAVAILABLE when the database is away; DATABASE_REFUSED for what it refuses. */
  query(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Several statements without values, for migrations. @throws as `query`. */
  script(sql: string): Promise<void>;
}

/** PostgreSQL, as a server or embedded. Both run the same SQL. Disposing closes it. */
export interface Database extends Queryable, AsyncDisposable {
  readonly kind: 'pglite' | 'postgres';
  /** All or nothing; what `run` throws is thrown after the rollback. */
  transaction<T>(run: (inside: Queryable) => Promise<T>): Promise<T>;
  /**
   * Calls `onNotice` at each notice of the channel, and whenever notices may have been missed because a connection was lost. A hint: who must not
   * miss anything reads again from time to time.
   */
  listen(channel: string, onNotice: () => void): Promise<AsyncDisposable>;
}
