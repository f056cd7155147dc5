import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { readPeerCertificate, type PeerCertificate } from '../../tls/peer-certificate.ts';
import type { ClientCertificate } from '../../token-service/request-context.ts';

/** The certificate of a connection whose TLS has verified it; undefined when it has none, or it is revoked or has expired since. */
export function clientCertificateOf(
  socket: Pick<TLSSocket, 'getPeerX509Certificate'>,
  nowMs: number,
  isRevoked: (certificate: PeerCertificate) => boolean,
): ClientCertificate | undefined {
  const raw = socket.getPeerX509Certificate()?.raw;
  if (raw === undefined) return undefined;
  const certificate = readPeerCertificate(raw);
  if (certificate.notAfterMs <= nowMs || isRevoked(certificate)) return undefined;
  const { uris, dnsNames } = certificate.names;
  return { uris, dnsNames, thumbprint: createHash('sha256').update(raw).digest('base64url') };
}
