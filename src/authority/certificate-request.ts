/** When a certificate or list is valid. Default: from a day ago to 30 days from now. */
export interface Validity {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** What a certificate is for. A fresh key each; usable as server and client unless it says otherwise. */
export interface CertificateRequest extends Validity {
  /** Default: none, as SPIFFE certificates have it. */
  readonly commonName?: string;
  readonly dnsNames?: readonly string[];
  /** IPv4 or IPv6. */
  readonly ipAddresses?: readonly string[];
  /** URI names, for instance `spiffe://edge.test/proxy`. */
  readonly uris?: readonly string[];
  readonly usages?: readonly ('server' | 'client')[];
  /** `ec`: P-256, the default; `rsa`: 2048 bits. */
  readonly keyType?: 'ec' | 'rsa';
  /** True makes an intermediate CA. */
  readonly authority?: boolean;
  /** How many CAs may stand below it; for a CA only. Default: any number. */
  readonly pathLength?: number;
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
