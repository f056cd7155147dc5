import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { bitString, context, der, integer, oid, pem, sequence, time, utf8String } from './der-encode.ts';

/** A key of some algorithm and how certificates and lists are signed with it. */
export interface SigningKey {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** AlgorithmIdentifier. */
  readonly algorithm: Buffer;
  readonly hash: string | null;
  readonly isPss: boolean;
}

const SHA256_IDENTIFIER = sequence(oid('2.16.840.1.101.3.4.2.1'));

/** RSA with PKCS #1 v1.5 and the hash named. */
export function rsaKey(modulusLength: number, hash: 'sha256' | 'sha512' = 'sha256'): SigningKey {
  const keys = generateKeyPairSync('rsa', { modulusLength });
  const algorithm = oid(hash === 'sha256' ? '1.2.840.113549.1.1.11' : '1.2.840.113549.1.1.13');
  return { ...keys, algorithm: sequence(algorithm, der(0x05)), hash, isPss: false };
}

/** RSASSA-PSS with SHA-256 (RFC 4055). */
export function rsaPssKey(): SigningKey {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const mask = sequence(oid('1.2.840.113549.1.1.8'), SHA256_IDENTIFIER);
  const parameters = sequence(
    context(0, true, SHA256_IDENTIFIER),
    context(1, true, mask),
    context(2, true, integer(Buffer.from([32]))),
  );
  return {
    ...keys,
    algorithm: sequence(oid('1.2.840.113549.1.1.10'), parameters),
    hash: 'sha256',
    isPss: true,
  };
}

/** ECDSA on P-384 with SHA-384. */
export function p384Key(): SigningKey {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  return { ...keys, algorithm: sequence(oid('1.2.840.10045.4.3.3')), hash: 'sha384', isPss: false };
}

export function ed25519Key(): SigningKey {
  const keys = generateKeyPairSync('ed25519');
  return { ...keys, algorithm: sequence(oid('1.3.101.112')), hash: null, isPss: false };
}

/** A self-signed certificate with its key, in PEM, valid for 30 days. */
export function generatedCertificate(key: SigningKey): {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
} {
  const name = sequence(der(0x31, sequence(oid('2.5.4.3'), utf8String('generated'))));
  const body = sequence(
    context(0, true, integer(Buffer.from([2]))),
    integer(Buffer.from([1])),
    key.algorithm,
    name,
    sequence(time(new Date(Date.now() - 60_000)), time(new Date(Date.now() + 30 * 86_400_000))),
    name,
    key.publicKey.export({ type: 'spki', format: 'der' }),
  );
  return {
    certificatePem: pem('CERTIFICATE', signed(body, key)),
    privateKeyPem: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** A revocation list without entries, in DER. */
export function generatedRevocationList(key: SigningKey, issuer: string, nextUpdate: Date): Buffer {
  const name = sequence(der(0x31, sequence(oid('2.5.4.3'), utf8String(issuer))));
  const body = sequence(integer(Buffer.from([1])), key.algorithm, name, time(new Date(0)), time(nextUpdate));
  return signed(body, key);
}

function signed(body: Buffer, { privateKey, algorithm, hash, isPss }: SigningKey): Buffer {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  return sequence(
    body,
    algorithm,
    bitString(sign(hash, body, isPss ? { key: privateKey, ...pss } : privateKey)),
  );
}
