import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import {
  buildCertificate,
  buildRevocationList,
  keyIdOf,
  pem,
  type Period,
  type Signer,
} from './build-certificate.ts';
import type { CertificateRequest, IssuedCertificate, Validity } from './certificate-request.ts';

const DAY_MS = 86_400_000;

/** What a CA is made of when it is read again. */
export interface StoredAuthority {
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
  /** The CA itself and what is above it, without the root; empty for a root. */
  readonly chainPem: string;
}

/** A CA with its key in memory: signs certificates and revocation lists with ECDSA on P-256. It keeps nothing. */
export class CertificateAuthority {
  readonly certificatePem: string;
  /** Appended to what it issues. */
  readonly chainPem: string;
  readonly privateKey: KeyObject;
  readonly #signer: Signer;

  constructor({ certificatePem, privateKey, chainPem }: StoredAuthority) {
    this.certificatePem = certificatePem;
    this.chainPem = chainPem;
    this.privateKey = privateKey;
    this.#signer = {
      commonName: commonNameOf(new X509Certificate(certificatePem)),
      privateKey,
      keyId: keyIdOf(createPublicKey(privateKey)),
    };
  }

  /** A self-signed root. */
  static create(commonName = 'test CA', validity: Validity = {}): CertificateAuthority {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signer = { commonName, privateKey, keyId: keyIdOf(publicKey) };
    const { der } = buildCertificate({ commonName, authority: true }, publicKey, signer, periodOf(validity));
    return new CertificateAuthority({ certificatePem: pem('CERTIFICATE', der), privateKey, chainPem: '' });
  }

  issue(request: CertificateRequest = {}): IssuedCertificate {
    const { publicKey, privateKey } =
      request.keyType === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { der, serialNumber } = buildCertificate(request, publicKey, this.#signer, periodOf(request));
    const certificatePem = pem('CERTIFICATE', der);
    return {
      certificatePem,
      chainPem: certificatePem + this.chainPem,
      privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      serialNumber: serialNumber.toString('hex').toUpperCase(),
    };
  }

  /** A CA below this one. */
  createIntermediate(commonName: string, validity: Validity = {}, pathLength?: number): CertificateAuthority {
    const limit = pathLength === undefined ? {} : { pathLength };
    const issued = this.issue({ commonName, authority: true, ...validity, ...limit });
    const privateKey = createPrivateKey(issued.privateKeyPem);
    return new CertificateAuthority({ ...issued, privateKey });
  }

  /**
   * A revocation list (PEM) of this CA: `notBefore` is its thisUpdate, `notAfter` its nextUpdate. `number` must grow from list to
   * list. Default: seconds since the epoch.
   */
  revocationList(
    revoked: readonly { readonly serialNumber: string; readonly revokedAt?: Date }[] = [],
    validity: Validity = {},
    number = Math.floor(Date.now() / 1000),
  ): string {
    const period = periodOf(validity);
    const entries = revoked.map(({ serialNumber, revokedAt = period.notBefore }) => ({
      serialNumber,
      at: revokedAt,
    }));
    return pem('X509 CRL', buildRevocationList(entries, number, this.#signer, period));
  }
}

/** The names of our CAs are common names and nothing else. */
function commonNameOf(certificate: X509Certificate): string {
  return certificate.subject.replace(/^CN=/, '');
}

function periodOf(validity: Validity): Period {
  return {
    notBefore: validity.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: validity.notAfter ?? new Date(Date.now() + 30 * DAY_MS),
  };
}
