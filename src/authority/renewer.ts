import type { Clock } from '../platform/clock.ts';
import type { Renewal } from './authority.ts';

export interface RenewerParts {
  readonly authority: { renew(): Promise<Renewal> };
  readonly clock: Clock;
  readonly observer: RenewalObserver;
}

/** What renewing tells. Wired to log and metrics; must not throw. */
export interface RenewalObserver {
  /** Told only when something was renewed. */
  renewed(renewal: Renewal): void;
  /** What was there stays; tried again at the next turn. */
  failed(thrown: unknown): void;
}

/** Renews what the CA has issued, from time to time. */
export class Renewer {
  readonly #parts: RenewerParts;
  readonly #intervalMs: number;
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: RenewerParts, intervalMs: number) {
    this.#parts = parts;
    this.#intervalMs = intervalMs;
  }

  /** The first turn is over when it resolves; a failure of it is only told. */
  async start(): Promise<void> {
    await this.#turn();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  #turn(): Promise<void> {
    this.#running = this.#renew().then(() => {
      if (this.#stopped) return;
      this.#timer = this.#parts.clock.after(this.#intervalMs, () => void this.#turn());
    });
    return this.#running;
  }

  async #renew(): Promise<void> {
    const { authority, observer } = this.#parts;
    try {
      const renewal = await authority.renew();
      if (renewal.renewed.length > 0 || renewal.newIssuer || renewal.newLists) observer.renewed(renewal);
    } catch (thrown) {
      observer.failed(thrown);
    }
  }
}
