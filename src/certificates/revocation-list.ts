import { constants, verify, type KeyObject } from 'node:crypto';
import {
  childrenOf,
  DerError,
  isTime,
  objectIdentifierOf,
  readDer,
  timeOf,
  DER_TAG,
  type DerElement,
} from './der.ts';
import { canonicalName } from './distinguished-name.ts';

/** A certificate revocation list (RFC 5280, section 5), as far as its validity goes. */
export interface RevocationList {
  /** Canonical, to be compared with `canonicalSubject` of a CA. */
  readonly issuer: string;
  readonly thisUpdateMs: number;
  /** Undefined when the list names no end. */
  readonly nextUpdateMs: number | undefined;
  /** The sequence of revoked certificates; undefined: none. Read it with `revokedSerials`. */
  readonly entries: DerElement | undefined;
  /** The signed part. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly signatureAlgorithm: string;
  /** The hash of RSASSA-PSS, which stands in the parameters; undefined for other algorithms. */
  readonly pssHash: string | undefined;
}

const RSA_PSS = '1.2.840.113549.1.1.10';

/** Object identifier of a signature algorithm → name of the hash for `crypto.verify`; null: the hash is part of it. */
const SIGNATURE_HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/**
 * Reads one list in DER.
 * @throws DerError when the bytes are not a CertificateList.
 */
export function readRevocationList(der: Uint8Array): RevocationList {
  const [tbs, algorithm, signature] = childrenOf(readDer(der));
  if (tbs?.tag !== DER_TAG.sequence || algorithm === undefined || signature?.tag !== DER_TAG.bitString) {
    throw new DerError('it is not a CertificateList');
  }
  const fields = childrenOf(tbs);
  // A version stands first when the list is of version 2; then algorithm, issuer, times.
  const [, issuer, thisUpdate, ...rest] = fields[0]?.tag === DER_TAG.integer ? fields.slice(1) : fields;
  if (issuer === undefined || thisUpdate === undefined) throw new DerError('it is not a CertificateList');
  const [identifier, parameters] = childrenOf(algorithm);
  if (identifier === undefined) throw new DerError('the signature algorithm is missing');
  const signatureAlgorithm = objectIdentifierOf(identifier);
  return {
    issuer: canonicalName(issuer),
    thisUpdateMs: timeOf(thisUpdate),
    ...readEnd(rest),
    signedBytes: tbs.encoded,
    // The first octet of a bit string counts unused bits; it is 0 for a signature.
    signature: signature.contents.subarray(1),
    signatureAlgorithm,
    pssHash: signatureAlgorithm === RSA_PSS ? pssHashOf(parameters) : undefined,
  };
}

/** What follows thisUpdate: the optional nextUpdate and the optional entries. */
function readEnd([first, second]: readonly DerElement[]): Pick<RevocationList, 'nextUpdateMs' | 'entries'> {
  const hasEnd = first !== undefined && isTime(first);
  const entries = hasEnd ? second : first;
  return {
    nextUpdateMs: hasEnd ? timeOf(first) : undefined,
    entries: entries?.tag === DER_TAG.sequence ? entries : undefined,
  };
}

/**
 * The serial numbers of the certificates that the list revokes, in the form of `serialKey`.
 * @throws DerError when an entry is not one.
 */
export function revokedSerials(list: RevocationList): readonly string[] {
  return (list.entries === undefined ? [] : childrenOf(list.entries)).map(entry => {
    const [serial] = childrenOf(entry);
    if (serial?.tag !== DER_TAG.integer) throw new DerError('an entry has no serial number');
    return serialKey(Buffer.from(serial.contents).toString('hex'));
  });
}

/** Serial numbers in hexadecimal, made comparable: lower case, no leading zeros. */
export function serialKey(hex: string): string {
  return hex.toLowerCase().replace(/^0+(?=.)/, '');
}

/** RFC 4055, 3.1: the hash is context tag 0 of the parameters, SHA-1 when absent. */
function pssHashOf(parameters: DerElement | undefined): string {
  if (parameters === undefined) return 'sha1';
  const hash = childrenOf(parameters).find(element => element.tag === 0xa0);
  const identifier = hash === undefined ? undefined : childrenOf(readDer(hash.contents))[0];
  return identifier === undefined ? 'sha1' : (HASHES[objectIdentifierOf(identifier)] ?? 'unknown');
}

/** True when the key signed the list; false also for algorithms that are not known here. */
export function isSignedBy(list: RevocationList, key: KeyObject): boolean {
  const hash = list.pssHash ?? SIGNATURE_HASHES[list.signatureAlgorithm];
  if (hash === undefined || hash === 'unknown') return false;
  try {
    if (list.pssHash === undefined) return verify(hash, list.signedBytes, key, list.signature);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const saltLength = constants.RSA_PSS_SALTLEN_AUTO;
    return verify(hash, list.signedBytes, { key, padding, saltLength }, list.signature);
  } catch {
    // OpenSSL throws when the key is of another kind than the signature: then it did not sign it.
    return false;
  }
}
