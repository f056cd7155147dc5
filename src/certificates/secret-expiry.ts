import { X509Certificate } from 'node:crypto';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** `Secret.tls_certificate` (envoy/extensions/transport_sockets/tls/v3/secret.proto). */
const TLS_CERTIFICATE = 2;
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * When the certificate of an encoded Secret ends, in milliseconds since the epoch: the earliest of its chain. Undefined when it is
 * no TLS certificate or its chain is not inside. CAs to trust are left out: old ones stay in a bundle while it is rotated.
 */
export function secretExpiryMs(secret: Uint8Array): number | undefined {
  const reader = new BinaryReader(secret);
  let earliestMs: number | undefined;
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    if (fieldNumber !== TLS_CERTIFICATE || wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, fieldNumber);
      continue;
    }
    const text = Buffer.from(reader.bytes()).toString('latin1');
    for (const [block] of text.matchAll(CERTIFICATE_BLOCK)) {
      const endMs = endOf(block);
      if (endMs !== undefined) earliestMs = Math.min(earliestMs ?? endMs, endMs);
    }
  }
  return earliestMs;
}

function endOf(block: string): number | undefined {
  try {
    return new X509Certificate(block).validToDate.getTime();
  } catch {
    // The checks have judged the certificate; a status must not stop what is served.
    return undefined;
  }
}
