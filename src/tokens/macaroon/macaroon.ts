import { createHmac } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';

/** A condition. With a verification id it is a third party's: it holds if that party gives a discharge. */
export interface Caveat {
  /** First party: the condition. Third party: what that party knows the caveat by. */
  readonly identifier: Uint8Array;
  /** The key of the discharge, encrypted with the signature before the caveat. */
  readonly verificationId?: Uint8Array;
  /** Where the third party is; a hint that nothing protects. */
  readonly location?: string;
}

/** A bearer token whose holder can add conditions and never take one away (Birgisson et al., NDSS 2014). */
export interface Macaroon {
  /** A hint for its holder that nothing protects: never decide by it. */
  readonly location?: string;
  readonly identifier: Uint8Array;
  readonly caveats: readonly Caveat[];
  /** 32 bytes. */
  readonly signature: Uint8Array;
}

/** What libmacaroons derives keys with; every implementation must use the same. */
const KEY_GENERATOR = 'macaroons-key-generator';
export const NONCE_BYTES = 24;
export const SIGNATURE_BYTES = 32;

/** A macaroon without caveats. @param rootKey of any length; kept by who verifies. */
export function mintMacaroon(rootKey: Uint8Array, identifier: Uint8Array, location?: string): Macaroon {
  return macaroonSignedBy(deriveKey(rootKey), identifier, location);
}

/** The same with one condition more. Needs no key. */
export function addCaveat(macaroon: Macaroon, identifier: Uint8Array): Macaroon {
  const caveat = { identifier };
  return {
    ...macaroon,
    caveats: [...macaroon.caveats, caveat],
    signature: nextSignature(macaroon.signature, caveat),
  };
}

/** A condition that another party decides on. */
export interface ThirdPartyCaveat {
  readonly location: string;
  /** What the other party knows the caveat by. */
  readonly identifier: Uint8Array;
  /** The root key of the discharge, shared with the other party. */
  readonly rootKey: Uint8Array;
}

/** The same with a condition of a third party. @param nonce 24 bytes that are never used twice. */
export function addThirdPartyCaveat(
  macaroon: Macaroon,
  { location, identifier, rootKey }: ThirdPartyCaveat,
  nonce: Uint8Array,
): Macaroon {
  const box = xsalsa20poly1305(macaroon.signature, nonce).encrypt(deriveKey(rootKey));
  const caveat = { identifier, location, verificationId: Buffer.concat([nonce, box]) };
  return {
    ...macaroon,
    caveats: [...macaroon.caveats, caveat],
    signature: nextSignature(macaroon.signature, caveat),
  };
}

/** A discharge that counts only together with this macaroon. */
export function bindDischarge(root: Pick<Macaroon, 'signature'>, discharge: Macaroon): Macaroon {
  return { ...discharge, signature: boundSignature(root.signature, discharge.signature) };
}

/** The signature that a macaroon of this key would have. @param key derived, or out of a verification id. */
export function expectedSignature(
  key: Uint8Array,
  { identifier, caveats }: Omit<Macaroon, 'signature'>,
): Buffer {
  return caveats.reduce(nextSignature, hmac(key, identifier));
}

/** What a discharge's signature becomes when it is bound. */
export function boundSignature(rootSignature: Uint8Array, signature: Uint8Array): Buffer {
  return hmacOfTwo(Buffer.alloc(SIGNATURE_BYTES), rootSignature, signature);
}

/** The key of a discharge, out of a verification id. @returns undefined when it was not made with this signature. */
export function openVerificationId(
  signature: Uint8Array,
  verificationId: Uint8Array,
): Uint8Array | undefined {
  if (verificationId.length < NONCE_BYTES) return undefined;
  const nonce = verificationId.subarray(0, NONCE_BYTES);
  try {
    return xsalsa20poly1305(signature, nonce).decrypt(verificationId.subarray(NONCE_BYTES));
  } catch {
    // The tag does not fit.
    return undefined;
  }
}

/** The signature after one more caveat. */
export function nextSignature(signature: Uint8Array, { identifier, verificationId }: Caveat): Buffer {
  return verificationId === undefined
    ? hmac(signature, identifier)
    : hmacOfTwo(signature, verificationId, identifier);
}

/** The key that signs, of a root key. */
export function deriveKey(rootKey: Uint8Array): Buffer {
  return hmac(KEY_GENERATOR, rootKey);
}

function macaroonSignedBy(key: Uint8Array, identifier: Uint8Array, location: string | undefined): Macaroon {
  const signature = hmac(key, identifier);
  return { ...(location === undefined ? {} : { location }), identifier, caveats: [], signature };
}

function hmac(key: Uint8Array | string, bytes: Uint8Array): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}

function hmacOfTwo(key: Uint8Array, first: Uint8Array, second: Uint8Array): Buffer {
  return hmac(key, Buffer.concat([hmac(key, first), hmac(key, second)]));
}
