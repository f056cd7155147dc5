/** A JSON Web Key as it was fetched. */
export type Jwk = Readonly<Record<string, unknown>>;

/** What is known of one fetched key set. */
export interface JwksState {
  /** The keys of the last good answer. Undefined: there was none yet. */
  readonly keys: readonly Jwk[] | undefined;
  /** Keys that earlier answers listed and the last one does not, with the time they left; milliseconds since the epoch. */
  readonly departed: readonly { readonly key: Jwk; readonly leftMs: number }[];
  readonly etag: string | undefined;
  /** When the last good answer, or the last "not modified", came; milliseconds since the epoch. */
  readonly fetchedMs: number | undefined;
  /** Failed attempts in a row. */
  readonly failures: number;
}

export const NO_JWKS: JwksState = {
  keys: undefined,
  departed: [],
  etag: undefined,
  fetchedMs: undefined,
  failures: 0,
};

/** What a fetch came to. */
export type JwksEvent =
  | { readonly kind: 'fetched'; readonly keys: readonly Jwk[]; readonly etag: string | undefined }
  | { readonly kind: 'not-modified' }
  | { readonly kind: 'failed' };

/** When it happened, and chance. */
export interface JwksMoment {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
}

/** How a key set is kept. */
export interface JwksTimings {
  readonly refreshMs: number;
  readonly overlapMs: number;
}

/** The next attempt after a first failure; it doubles with each further one, up to the time between two fetches. */
const FIRST_RETRY_MS = 1_000;

/**
 * What a fetch changes. Pure. The last good answer stays whatever fails; keys that left stay for the overlap, unless the same key is listed again.
 * `nextMs`: from now to the next fetch, with jitter: 10 % either way, or half to all of the wait after a failure.
 */
export function stepJwks(
  state: JwksState,
  event: JwksEvent,
  moment: JwksMoment,
  timings: JwksTimings,
): { readonly state: JwksState; readonly nextMs: number } {
  const { nowMs, random } = moment;
  if (event.kind === 'failed') {
    const failures = state.failures + 1;
    const waitMs = Math.min(timings.refreshMs, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
    return { state: { ...state, failures }, nextMs: waitMs * (0.5 + random / 2) };
  }
  const nextMs = timings.refreshMs * (0.9 + random * 0.2);
  if (event.kind === 'not-modified') {
    return { state: { ...state, fetchedMs: nowMs, failures: 0 }, nextMs };
  }
  const listed = new Set(event.keys.map(identityOf));
  const left = (state.keys ?? [])
    .filter(key => !listed.has(identityOf(key)))
    .map(key => ({ key, leftMs: nowMs }));
  const departed = [...state.departed, ...left].filter(({ key }) => !listed.has(identityOf(key)));
  return {
    state: { keys: event.keys, departed, etag: event.etag, fetchedMs: nowMs, failures: 0 },
    nextMs,
  };
}

/** A key is another one when any of it is another. */
function identityOf(key: Jwk): string {
  return JSON.stringify(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The keys to verify with at a time: those listed, and those that left less than the overlap ago under a kid that is not listed again. */
export function keysAt(state: JwksState, nowMs: number, overlapMs: number): readonly Jwk[] | undefined {
  if (state.keys === undefined) return undefined;
  const kids = new Set(state.keys.map(key => key['kid']));
  const kept = state.departed.filter(
    ({ key, leftMs }) => nowMs - leftMs < overlapMs && !kids.has(key['kid']),
  );
  return [...state.keys, ...kept.map(({ key }) => key)];
}

/** Forgets keys whose overlap is over. `expiresMs`: from now to the end of the next overlap; undefined: none is under way. */
export function expireDeparted(
  state: JwksState,
  nowMs: number,
  overlapMs: number,
): { readonly state: JwksState; readonly expiresMs: number | undefined } {
  const departed = state.departed.filter(({ leftMs }) => nowMs - leftMs < overlapMs);
  const next = Math.min(...departed.map(({ leftMs }) => leftMs + overlapMs - nowMs));
  return {
    state: departed.length === state.departed.length ? state : { ...state, departed },
    expiresMs: Number.isFinite(next) ? next : undefined,
  };
}
