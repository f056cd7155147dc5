import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';

/** A certificate that is served, by where it is. */
export interface WatchedCertificate {
  readonly group: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface ExpiryWatchParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly certificates: () => readonly WatchedCertificate[];
}

export type ExpiryLevel = 'fine' | 'warn' | 'alarm';

const INTERVAL_MS = 60_000;

/**
 * How close a certificate is to its end. `warn`: less than `warningMs`, or a quarter of its life if that is less, because certificates of days are renewed
 * in time. `alarm`: a seventh of that. Pure.
 */
export function expiryLevel(
  { notBeforeMs, notAfterMs }: Pick<WatchedCertificate, 'notBeforeMs' | 'notAfterMs'>,
  warningMs: number,
  nowMs: number,
): ExpiryLevel {
  const leftMs = notAfterMs - nowMs;
  const warnMs = Math.min(warningMs, (notAfterMs - notBeforeMs) / 4);
  if (leftMs >= warnMs) return 'fine';
  return leftMs >= warnMs / 7 ? 'warn' : 'alarm';
}

/** Tells of certificates of proxies that run out: once with a warning, once more with an error. */
export class ExpiryWatch {
  readonly #parts: ExpiryWatchParts;
  readonly #warningMs: number;
  /** Last level told, by certificate. */
  #told = new Map<string, ExpiryLevel>();
  #timer: Disposable | undefined;

  constructor(parts: ExpiryWatchParts, warningMs: number) {
    this.#parts = parts;
    this.#warningMs = warningMs;
  }

  start(): void {
    this.#look();
    this.#timer = this.#parts.clock.after(INTERVAL_MS, () => this.start());
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
  }

  #look(): void {
    const nowMs = this.#parts.clock.nowMs();
    const told = new Map<string, ExpiryLevel>();
    for (const certificate of this.#parts.certificates()) {
      const level = expiryLevel(certificate, this.#warningMs, nowMs);
      const key = JSON.stringify([certificate.group, certificate.name, certificate.notAfterMs]);
      if (level !== 'fine' && this.#told.get(key) !== level) this.#tell(certificate, level, nowMs);
      told.set(key, level);
    }
    this.#told = told;
  }

  #tell({ group, name, notAfterMs }: WatchedCertificate, level: 'warn' | 'alarm', nowMs: number): void {
    const { log } = this.#parts;
    const not_after = new Date(notAfterMs).toISOString();
    const fields = { event: 'certificate.expires', secret: name, group, not_after };
    const text = `certificate ${name} of ${group} ${notAfterMs <= nowMs ? 'has expired' : `expires on ${not_after}`}`;
    if (level === 'warn') log.warn(fields, text);
    else log.error(fields, text);
  }
}
