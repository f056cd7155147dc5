/** A column of times that is never null, as milliseconds since the epoch. */
export function msOf(value: unknown): number {
  return (value as Date).getTime();
}

/** A column of times that may be null. */
export function optionalMsOf(value: unknown): number | undefined {
  return value === null ? undefined : msOf(value);
}

/** The other way round. */
export function dateOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}
