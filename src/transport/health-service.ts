import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { discoveryServiceNames } from './discovery-services.ts';

/** gRPC health checking (grpc.health.v1): the server as a whole (`''`) and each discovery service. */
export class HealthService {
  readonly #implementation: HealthImplementation;
  readonly #names = ['', ...discoveryServiceNames()];

  constructor() {
    this.#implementation = new HealthImplementation(
      Object.fromEntries(this.#names.map(name => [name, 'SERVING' as const])),
    );
  }

  addTo(server: Server): void {
    this.#implementation.addToServer(server);
  }

  /** Tells every watcher that this replica takes no more work. */
  stopServing(): void {
    for (const name of this.#names) this.#implementation.setStatus(name, 'NOT_SERVING');
  }
}
