import type { MacaroonLimits } from './judge-caveats.ts';
import { readBundle } from './macaroon-format.ts';
import { MacaroonFormatError } from './macaroon-limits.ts';
import { mintMacaroon, type Macaroon } from './macaroon.ts';
import type { MacaroonBundle } from './verify-macaroon.ts';

/** What a macaroon of this service stands for; its identifier, which its signature protects. Times are milliseconds since the epoch. */
export interface MacaroonIdentity {
  /** Of the root key. */
  readonly kid: string;
  /** Names the macaroon for its revocation. */
  readonly nonce: string;
  readonly subject: string;
  /** The client that it was given to. */
  readonly clientId: string;
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** A macaroon of an identity, without caveats. @param rootKey of the key `identity.kid`. */
export function mintServiceMacaroon(
  rootKey: Uint8Array,
  identity: MacaroonIdentity,
  location: string,
): Macaroon {
  const { kid, nonce, subject, clientId, audiences, scopes, claims, issuedMs, expiresMs } = identity;
  const json = { v: 1, kid, nonce, sub: subject, client_id: clientId, aud: audiences, scope: scopes, claims };
  const identifier = JSON.stringify({ ...json, iat: issuedMs, exp: expiresMs });
  return mintMacaroon(rootKey, Buffer.from(identifier), location);
}

/** A macaroon of this service with what it says of itself; nothing of it counts before its signature was verified. Undefined for anything else. */
export function readServiceMacaroon(
  text: string,
): { readonly bundle: MacaroonBundle; readonly identity: MacaroonIdentity } | undefined {
  try {
    const bundle = readBundle(text);
    return { bundle, identity: readIdentity(bundle.macaroon.identifier) };
  } catch (thrown) {
    if (thrown instanceof MacaroonFormatError) return undefined;
    throw thrown;
  }
}

/** Reads what a macaroon says of itself; nothing of it counts before its signature was verified. @throws MacaroonFormatError */
export function readIdentity(identifier: Uint8Array): MacaroonIdentity {
  const json = parse(identifier);
  const text = (name: string): string => {
    const value = json[name];
    if (typeof value !== 'string') throw new MacaroonFormatError('its identifier is not of this service');
    return value;
  };
  const texts = (name: string): readonly string[] => {
    const value = json[name];
    if (!Array.isArray(value)) throw new MacaroonFormatError('its identifier is not of this service');
    return value.filter(entry => typeof entry === 'string');
  };
  const { v, iat, exp, claims } = json;
  if (v !== 1 || typeof iat !== 'number' || typeof exp !== 'number' || typeof claims !== 'object') {
    throw new MacaroonFormatError('its identifier is not of this service');
  }
  return {
    kid: text('kid'),
    nonce: text('nonce'),
    subject: text('sub'),
    clientId: text('client_id'),
    audiences: texts('aud'),
    scopes: texts('scope'),
    claims: (claims ?? {}) as Readonly<Record<string, unknown>>,
    issuedMs: iat,
    expiresMs: exp,
  };
}

/** The rights of a macaroon: those of its identity, narrowed by its caveats. Pure. */
export function narrowedRights(
  identity: MacaroonIdentity,
  limits: MacaroonLimits,
): {
  readonly scopes: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
  readonly expiresMs: number;
} {
  const keep = (values: readonly string[], limit: ReadonlySet<string> | undefined): ReadonlySet<string> =>
    new Set(values.filter(value => limit?.has(value) !== false));
  return {
    scopes: keep(identity.scopes, limits.scopes),
    audiences: keep(identity.audiences, limits.audiences),
    expiresMs: Math.min(identity.expiresMs, limits.expiresMs ?? Infinity),
  };
}

function parse(identifier: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(Buffer.from(identifier).toString('utf8'));
    if (typeof json === 'object' && json !== null) return json as Readonly<Record<string, unknown>>;
  } catch {
    // Said below.
  }
  throw new MacaroonFormatError('its identifier is not of this service');
}
