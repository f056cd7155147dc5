import { timingSafeEqual } from 'node:crypto';
import {
  boundSignature,
  deriveKey,
  expectedSignature,
  nextSignature,
  openVerificationId,
  type Macaroon,
} from './macaroon.ts';

/** A macaroon with the discharges that came with it, bound to it. */
export interface MacaroonBundle {
  readonly macaroon: Macaroon;
  readonly discharges: readonly Macaroon[];
}

/** `conditions`: all first-party caveats, those of discharges included. They hold only if every one of them does. */
export type MacaroonVerdict =
  | { readonly kind: 'genuine'; readonly conditions: readonly Uint8Array[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** Discharges of discharges, at most. */
export const MAX_DISCHARGE_DEPTH = 4;

/**
 * Whether the signatures hold: the macaroon comes from the root key, and each caveat of a third party has exactly one discharge, bound to this macaroon;
 * none is left over. What the conditions say is for `judgeCaveats`. Pure; constant in time over signatures.
 */
export function verifyMacaroon(
  rootKey: Uint8Array,
  { macaroon, discharges }: MacaroonBundle,
): MacaroonVerdict {
  const walk = new Walk(macaroon.signature, discharges);
  const reason = walk.check(macaroon, deriveKey(rootKey), 0);
  if (reason !== undefined) return { kind: 'refused', reason };
  if (walk.unused > 0) return { kind: 'refused', reason: 'a discharge belongs to no caveat' };
  return { kind: 'genuine', conditions: walk.conditions };
}

class Walk {
  readonly conditions: Uint8Array[] = [];
  readonly #rootSignature: Uint8Array;
  readonly #discharges: Map<string, Macaroon[]> = new Map();
  unused: number;

  constructor(rootSignature: Uint8Array, discharges: readonly Macaroon[]) {
    this.#rootSignature = rootSignature;
    this.unused = discharges.length;
    for (const discharge of discharges) {
      const name = nameOf(discharge.identifier);
      this.#discharges.set(name, [...(this.#discharges.get(name) ?? []), discharge]);
    }
  }

  /** @returns why it is refused. */
  check(macaroon: Macaroon, key: Uint8Array, depth: number): string | undefined {
    const unbound = expectedSignature(key, macaroon);
    const expected = depth === 0 ? unbound : boundSignature(this.#rootSignature, unbound);
    if (!timingSafeEqual(expected, macaroon.signature)) {
      return depth === 0 ? 'the signature does not hold' : 'the signature of a discharge does not hold';
    }
    let signature: Uint8Array = expectedSignature(key, { identifier: macaroon.identifier, caveats: [] });
    for (const caveat of macaroon.caveats) {
      if (caveat.verificationId === undefined) this.conditions.push(caveat.identifier);
      else {
        const reason = this.#discharge(signature, caveat.identifier, caveat.verificationId, depth + 1);
        if (reason !== undefined) return reason;
      }
      signature = nextSignature(signature, caveat);
    }
    return undefined;
  }

  #discharge(
    signature: Uint8Array,
    identifier: Uint8Array,
    verificationId: Uint8Array,
    depth: number,
  ): string | undefined {
    if (depth > MAX_DISCHARGE_DEPTH) return `discharges are nested deeper than ${MAX_DISCHARGE_DEPTH}`;
    const found = this.#discharges.get(nameOf(identifier)) ?? [];
    const [discharge] = found;
    if (discharge === undefined) return 'a caveat of a third party has no discharge';
    if (found.length > 1) return 'a caveat of a third party has two discharges';
    // Taken out, so that none counts twice and no circle is walked.
    this.#discharges.delete(nameOf(identifier));
    this.unused--;
    const key = openVerificationId(signature, verificationId);
    if (key === undefined) return 'a verification id does not belong to this macaroon';
    return this.check(discharge, key, depth);
  }
}

function nameOf(identifier: Uint8Array): string {
  return Buffer.from(identifier).toString('base64');
}
