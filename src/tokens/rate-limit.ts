/** Tokens of a bucket at a time. */
export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Takes one token of a bucket that refills at a rate and holds one second's worth. Pure; a clock that steps back refills nothing. */
export function takeToken(
  bucket: Bucket | undefined,
  ratePerSecond: number,
  nowMs: number,
): { readonly bucket: Bucket; readonly isTaken: boolean } {
  const before = bucket ?? { tokens: ratePerSecond, atMs: nowMs };
  const elapsedMs = Math.max(0, nowMs - before.atMs);
  const tokens = Math.min(ratePerSecond, before.tokens + (elapsedMs / 1000) * ratePerSecond);
  const isTaken = tokens >= 1;
  return { bucket: { tokens: isTaken ? tokens - 1 : tokens, atMs: nowMs }, isTaken };
}

/** Buckets by name, a bounded number of them: the one that was used longest ago is forgotten first. */
export class Buckets {
  readonly #max: number;
  readonly #byName = new Map<string, Bucket>();

  constructor(max: number) {
    this.#max = max;
  }

  take(name: string, ratePerSecond: number, nowMs: number): boolean {
    const { bucket, isTaken } = takeToken(this.#byName.get(name), ratePerSecond, nowMs);
    this.#byName.delete(name);
    this.#byName.set(name, bucket);
    if (this.#byName.size > this.#max) {
      const [oldest] = this.#byName.keys();
      if (oldest !== undefined) this.#byName.delete(oldest);
    }
    return isTaken;
  }
}
