import type { Clock } from '../platform/clock.ts';
import { identityProblem, type IdentityRule } from '../resources/identity-rule.ts';
import type { NodeIdentity } from '../resources/node.ts';
import type { PeerCertificate } from '../tls/peer-certificate.ts';

/** Timers of Node take no longer delay. */
const MAX_DELAY_MS = 2 ** 31 - 1;
const EXPIRED = 'the client certificate has expired';

/** Who may be on the other end of a stream. */
export interface IdentityRequirement {
  readonly rule: IdentityRule;
  /** Undefined: the client has shown none. */
  readonly certificate: PeerCertificate | undefined;
}

/** Holds a stream to the certificate of its client: for every node it claims, and until the certificate expires. */
export class IdentityCheck implements Disposable {
  readonly #required: IdentityRequirement;
  readonly #clock: Clock;
  readonly #onExpired: (message: string) => void;
  #timer: Disposable | undefined;

  /** @param onExpired told once, later; not when the certificate has expired already. */
  constructor(required: IdentityRequirement, clock: Clock, onExpired: (message: string) => void) {
    this.#required = required;
    this.#clock = clock;
    this.#onExpired = onExpired;
    this.#arm();
  }

  /** Why the client is not that node; undefined: it is. */
  problemOf(node: NodeIdentity): string | undefined {
    const { rule, certificate } = this.#required;
    if (certificate === undefined) return 'a client certificate is required';
    if (certificate.notAfterMs <= this.#clock.nowMs()) return EXPIRED;
    return identityProblem(rule, certificate.names, node);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #arm(): void {
    const { certificate } = this.#required;
    if (certificate === undefined) return;
    const leftMs = certificate.notAfterMs - this.#clock.nowMs();
    this.#timer = this.#clock.after(Math.max(0, Math.min(leftMs, MAX_DELAY_MS)), () => {
      if (leftMs <= MAX_DELAY_MS) this.#onExpired(EXPIRED);
      else this.#arm();
    });
  }
}
