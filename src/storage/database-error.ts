import { AuthplaneError, messageOf } from '../platform/errors.ts';

/** SQLSTATE classes that say that the server, not the statement, is the trouble: connection, resources, operator, system. */
const AWAY = /^(08|53|57P|58)/;

/**
 * What a driver threw, as ours. Texts of the server are kept, values are not in them: PostgreSQL quotes values only in `detail`, which is left out.
 */
export function databaseError(thrown: unknown): AuthplaneError {
  if (thrown instanceof AuthplaneError) return thrown;
  const state = sqlStateOf(thrown);
  const isRefusal = state !== undefined && !AWAY.test(state);
  const code = isRefusal ? 'DATABASE_REFUSED' : 'DATABASE_UNAVAILABLE';
  const what = isRefusal ? 'the database refuses' : 'the database cannot be reached';
  return new AuthplaneError(code, `${what}: ${messageOf(thrown)}`, { cause: thrown });
}

/** The five characters of PostgreSQL's appendix A, `23505` for a duplicate; undefined for what no server said. */
export function sqlStateOf(thrown: unknown): string | undefined {
  if (thrown instanceof AuthplaneError) return sqlStateOf(thrown.cause);
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  const { code } = thrown;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in thrown ? code : undefined;
}
