import { createPublicKey } from 'node:crypto';
import type { DiagnosticCode } from '../../resources/diagnostic-codes.ts';
import type { Severity } from '../../resources/diagnostic.ts';

/** A problem of a key set. */
export interface JwksIssue {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
}

/** `alg` of RFC 7518 and RFC 8037 by `kty`, as Envoy's jwt_verify_lib knows them. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  EC: ['ES256', 'ES384', 'ES512'],
  OKP: ['EdDSA'],
};
const CURVE_ALGORITHMS: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
};

/**
 * Checks an inline JSON Web Key Set (RFC 7517): it can be read, has a key that can verify, and no symmetric key, which whoever
 * can read the configuration could sign with. Keys for encryption and of unknown types are ignored, as Envoy does.
 */
export function checkJwks(text: string): readonly JwksIssue[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [error('AP1253', 'the JWKS is not JSON')];
  }
  const keys = isObject(json) ? json['keys'] : undefined;
  if (!Array.isArray(keys)) return [error('AP1253', 'the JWKS has no list "keys"')];
  const issues: JwksIssue[] = [];
  const seen = new Set<string>();
  let usable = 0;
  keys.forEach((key: unknown, index) => {
    const result = checkKey(key);
    if (result === 'usable') usable++;
    else if (result !== 'ignored')
      issues.push({ ...result, message: `key ${describe(key, index)} ${result.message}` });
    const kid = isObject(key) && typeof key['kid'] === 'string' ? key['kid'] : undefined;
    if (kid !== undefined && seen.has(kid)) {
      issues.push({ code: 'AP1253', severity: 'warning', message: `two keys have the kid "${kid}"` });
    }
    if (kid !== undefined) seen.add(kid);
    if (result === 'usable' && isObject(key) && typeof key['alg'] !== 'string') {
      const message = `key ${describe(key, index)} has no alg: a token may choose any that fits the key`;
      issues.push({ code: 'AP1610', severity: 'warning', message });
    }
  });
  if (usable === 0 && issues.every(issue => issue.severity !== 'error')) {
    issues.push(error('AP1253', 'the JWKS has no key that can verify a token'));
  }
  return issues;
}

function checkKey(key: unknown): 'usable' | 'ignored' | JwksIssue {
  if (!isObject(key)) return error('AP1253', 'is not an object');
  const { kty, use } = key;
  if (kty === 'oct') return error('AP1610', 'is symmetric: whoever sees the configuration can sign with it');
  if (typeof kty !== 'string') return error('AP1253', 'has no kty');
  const algorithms = ALGORITHMS[kty];
  if (algorithms === undefined || use === 'enc') return 'ignored';
  if ('d' in key) return error('AP1610', 'is a private key');
  const algorithm = checkAlgorithm(key, kty, algorithms);
  if (algorithm !== 'usable') return algorithm;
  if (kty === 'OKP' && key['crv'] !== 'Ed25519') return 'ignored';
  try {
    createPublicKey({ key, format: 'jwk' });
  } catch {
    return error('AP1253', 'cannot be read');
  }
  return 'usable';
}

function checkAlgorithm(
  key: Readonly<Record<string, unknown>>,
  kty: string,
  algorithms: readonly string[],
): 'usable' | 'ignored' | JwksIssue {
  const { alg, crv } = key;
  if (alg === undefined) return 'usable';
  if (typeof alg === 'string' && /^(RSA|ECDH)/.test(alg)) return 'ignored';
  if (typeof alg !== 'string' || !algorithms.includes(alg)) {
    return error('AP1253', `has an alg that does not fit its kty ${kty}`);
  }
  const isOnCurve = kty !== 'EC' || (typeof crv === 'string' && CURVE_ALGORITHMS[crv] === alg);
  return isOnCurve ? 'usable' : error('AP1253', 'has an alg that does not fit its crv');
}

function error(code: DiagnosticCode, message: string): JwksIssue {
  return { code, severity: 'error', message };
}

function describe(key: unknown, index: number): string {
  const kid = isObject(key) ? key['kid'] : undefined;
  return typeof kid === 'string' ? `"${kid}"` : `${index + 1}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
