import type { AuditEvent } from '../tokens/audit/audit-chain.ts';
import type { AuditStore } from './token-stores.ts';

interface Waiting {
  readonly event: AuditEvent;
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
}

/** Events written at a time, at most. */
const MAX_BATCH = 500;

/** Writes audit events, those that come while others are written in one go. What returns has been written. */
export class AuditQueue {
  readonly #store: AuditStore;
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(store: AuditStore) {
    this.#store = store;
  }

  /** @throws what the store throws; the event is not in the audit then. */
  append(event: AuditEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        await this.#store.appendAudit(batch.map(({ event }) => event));
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown);
      }
    }
    this.#isWriting = false;
  }
}
