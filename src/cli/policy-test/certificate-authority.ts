import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import {
  bitString,
  boolean,
  context,
  integer,
  octetString,
  oid,
  pem,
  sequence,
  time,
  utf8String,
  der,
} from './der-encode.ts';

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const EXTENDED_KEY_USAGE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

/** When a certificate or list is valid. Default: from a day ago to 30 days from now. */
export interface Validity {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** What a certificate is for. EC P-256, a fresh key each, usable as server and client. */
export interface CertificateRequest extends Validity {
  /** Default: `test`. */
  readonly commonName?: string;
  readonly dnsNames?: readonly string[];
  /** IPv4 only. */
  readonly ipAddresses?: readonly string[];
  /** URI names, for instance `spiffe://edge.test/proxy`. */
  readonly uris?: readonly string[];
  readonly usages?: readonly (keyof typeof EXTENDED_KEY_USAGE)[];
  /** True makes an intermediate CA. */
  readonly authority?: boolean;
}

/** A certificate with its key, in PEM. `chainPem` also has the intermediate CAs, without the root. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  readonly chainPem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
  /** Upper-case hex, as Node's `getPeerCertificate().serialNumber` has it. */
  readonly serialNumber: string;
}

interface Issuer {
  readonly commonName: string;
  readonly privateKey: KeyObject;
  readonly keyId: Buffer;
  /** The CA itself and what is above it, without the root: appended to what it issues. */
  readonly chainPem: string;
}

/** A CA made for one test. Nothing of it is kept. */
export class CertificateAuthority {
  readonly certificatePem: string;
  readonly #issuer: Issuer;

  private constructor(certificatePem: string, issuer: Issuer) {
    this.certificatePem = certificatePem;
    this.#issuer = issuer;
  }

  /** A self-signed root. */
  static create(commonName = 'test CA', validity: Validity = {}): CertificateAuthority {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const root = { commonName, privateKey: keys.privateKey, keyId: keyIdOf(keys.publicKey), chainPem: '' };
    const issued = buildCertificate({ commonName, authority: true, ...validity }, keys.publicKey, root);
    return new CertificateAuthority(pem('CERTIFICATE', issued.bytes), root);
  }

  issue(request: CertificateRequest = {}): IssuedCertificate {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { bytes, serialNumber } = buildCertificate(request, keys.publicKey, this.#issuer);
    const certificatePem = pem('CERTIFICATE', bytes);
    return {
      certificatePem,
      chainPem: certificatePem + this.#issuer.chainPem,
      privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      serialNumber: serialNumber.toString('hex').toUpperCase(),
    };
  }

  /** A CA below this one. */
  createIntermediate(commonName: string, validity: Validity = {}): CertificateAuthority {
    const issued = this.issue({ commonName, authority: true, ...validity });
    const privateKey = createPrivateKey(issued.privateKeyPem);
    return new CertificateAuthority(issued.certificatePem, {
      commonName,
      privateKey,
      keyId: keyIdOf(privateKey),
      chainPem: issued.chainPem,
    });
  }

  /** A revocation list (PEM) of this CA: `notBefore` is its thisUpdate, `notAfter` its nextUpdate. */
  revocationList(revoked: readonly IssuedCertificate[] = [], validity: Validity = {}): string {
    const { notBefore, notAfter } = withDefaults(validity);
    const entries = revoked.map(entry =>
      sequence(integer(Buffer.from(entry.serialNumber, 'hex')), time(notBefore)),
    );
    const body = sequence(
      integer(Buffer.from([1])),
      ECDSA_WITH_SHA256,
      nameOf(this.#issuer.commonName),
      time(notBefore),
      time(notAfter),
      ...(entries.length > 0 ? [sequence(...entries)] : []),
      context(
        0,
        true,
        sequence(authorityKeyId(this.#issuer.keyId), extension('2.5.29.20', false, integer(randomBytes(8)))),
      ),
    );
    return pem('X509 CRL', signed(body, this.#issuer.privateKey));
  }
}

function buildCertificate(
  request: CertificateRequest,
  publicKey: KeyObject,
  issuer: Issuer,
): { readonly bytes: Buffer; readonly serialNumber: Buffer } {
  const serialNumber = randomBytes(16);
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x3f) | 0x40;
  const { notBefore, notAfter } = withDefaults(request);
  const body = sequence(
    context(0, true, integer(Buffer.from([2]))),
    integer(serialNumber),
    ECDSA_WITH_SHA256,
    nameOf(issuer.commonName),
    sequence(time(notBefore), time(notAfter)),
    nameOf(request.commonName ?? 'test'),
    publicKey.export({ type: 'spki', format: 'der' }),
    context(3, true, sequence(...extensionsOf(request, publicKey, issuer))),
  );
  return { bytes: signed(body, issuer.privateKey), serialNumber };
}

/** RFC 5280, section 4.2. */
function extensionsOf(request: CertificateRequest, publicKey: KeyObject, issuer: Issuer): Buffer[] {
  const authority = request.authority ?? false;
  const usages = request.usages ?? ['server', 'client'];
  const names = [
    ...(request.dnsNames ?? []).map(name => context(2, false, Buffer.from(name))),
    ...(request.uris ?? []).map(uri => context(6, false, Buffer.from(uri))),
    ...(request.ipAddresses ?? []).map(ip => context(7, false, Buffer.from(ip.split('.').map(Number)))),
  ];
  return [
    extension('2.5.29.14', false, octetString(keyIdOf(publicKey))),
    authorityKeyId(issuer.keyId),
    extension('2.5.29.19', true, sequence(...(authority ? [boolean(true)] : []))),
    // CA: keyCertSign and cRLSign; otherwise: digitalSignature.
    extension(
      '2.5.29.15',
      true,
      authority ? bitString(Buffer.from([0x06]), 1) : bitString(Buffer.from([0x80]), 7),
    ),
    ...(authority
      ? []
      : [extension('2.5.29.37', false, sequence(...usages.map(usage => oid(EXTENDED_KEY_USAGE[usage]))))]),
    ...(names.length > 0 ? [extension('2.5.29.17', false, sequence(...names))] : []),
  ];
}

function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

function authorityKeyId(keyId: Uint8Array): Buffer {
  return extension('2.5.29.35', false, sequence(context(0, false, keyId)));
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid('2.5.4.3'), utf8String(commonName))));
}

function keyIdOf(key: KeyObject): Buffer {
  const publicJwk = key.export({ format: 'jwk' });
  return createHash('sha1')
    .update(`${publicJwk.x ?? ''}.${publicJwk.y ?? ''}`)
    .digest();
}

function signed(body: Buffer, key: KeyObject): Buffer {
  return sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, { key, dsaEncoding: 'der' })));
}

function withDefaults(validity: Validity): Required<Validity> {
  return {
    notBefore: validity.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: validity.notAfter ?? new Date(Date.now() + 30 * DAY_MS),
  };
}
