import type { Health, HealthCheck } from '../admin/status-source.ts';
import type { Metrics } from '../platform/metrics.ts';

/**
 * Whether this replica should get traffic. Once it has served a snapshot it stays ready until it drains: a bad new
 * snapshot, or a deliberate removal of all files, is no reason to send proxies elsewhere.
 */
export class Readiness {
  readonly #metrics: Metrics;
  #listening = false;
  #draining = false;
  #hadSnapshot = false;
  #groups = 0;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  get isReady(): boolean {
    return this.#listening && this.#hadSnapshot && !this.#draining;
  }

  get health(): Health {
    const groups = `${this.#groups} node group${this.#groups === 1 ? '' : 's'} served`;
    const checks: readonly HealthCheck[] = [
      {
        name: 'listening',
        ok: this.#listening,
        detail: this.#listening ? 'both addresses are bound' : 'starting',
      },
      {
        name: 'snapshot',
        ok: this.#hadSnapshot,
        detail: this.#hadSnapshot ? groups : 'no valid snapshot was loaded yet',
      },
      { name: 'draining', ok: !this.#draining, detail: this.#draining ? 'the process is stopping' : 'no' },
    ];
    return { ready: this.isReady, checks };
  }

  /** Both servers are bound. */
  listening(): void {
    this.#listening = true;
    this.#update();
  }

  /** How many node groups have a snapshot. */
  serving(groups: number): void {
    this.#groups = groups;
    this.#hadSnapshot ||= groups > 0;
    this.#update();
  }

  /** SIGTERM came. Final. */
  draining(): void {
    this.#draining = true;
    this.#update();
  }

  #update(): void {
    this.#metrics.set('ready', {}, this.isReady ? 1 : 0);
    this.#metrics.set('draining', {}, this.#draining ? 1 : 0);
  }
}
