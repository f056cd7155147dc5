import { X509Certificate } from 'node:crypto';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** The member of `Secret.type` (envoy/extensions/transport_sockets/tls/v3/secret.proto), by field number. */
const SECRET_KINDS = {
  2: 'certificate',
  3: 'ticket-keys',
  4: 'trust',
  5: 'generic',
} as const satisfies Readonly<Record<number, string>>;

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export type SecretKind = (typeof SECRET_KINDS)[keyof typeof SECRET_KINDS];

/** What may be told of a secret. */
export interface SecretContent {
  /** Undefined for a secret that is empty or of a kind that is not known. */
  readonly kind: SecretKind | undefined;
  /** SHA-256 of every certificate in it that can be read, as Node writes fingerprints. */
  readonly fingerprints: readonly string[];
  /** When the first of its certificates to end ends, in milliseconds since the epoch. */
  readonly notAfterMs: number | undefined;
  /** When that one began. */
  readonly notBeforeMs: number | undefined;
}

/** Reads an encoded Secret. Certificates that stand in files of the proxy are not in it. */
export function readSecret(secret: Uint8Array): SecretContent {
  const reader = new BinaryReader(secret);
  let kind: SecretKind | undefined;
  const certificates: X509Certificate[] = [];
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited || !(fieldNumber in SECRET_KINDS)) {
      reader.skip(wireType, fieldNumber);
      continue;
    }
    kind = SECRET_KINDS[fieldNumber as keyof typeof SECRET_KINDS];
    const text = Buffer.from(reader.bytes()).toString('latin1');
    if (kind !== 'certificate' && kind !== 'trust') continue;
    certificates.push(...[...text.matchAll(CERTIFICATE_BLOCK)].flatMap(([block]) => parse(block)));
  }
  const [first] = certificates.toSorted((a, b) => a.validToDate.getTime() - b.validToDate.getTime());
  return {
    kind,
    fingerprints: certificates.map(({ fingerprint256 }) => fingerprint256),
    notAfterMs: first?.validToDate.getTime(),
    notBeforeMs: first?.validFromDate.getTime(),
  };
}

function parse(block: string): readonly X509Certificate[] {
  try {
    return [new X509Certificate(block)];
  } catch {
    // The checks have judged the certificate; a status must not stop what is served.
    return [];
  }
}
