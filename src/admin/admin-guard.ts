import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { readPeerCertificate, type PeerCertificate } from '../tls/peer-certificate.ts';
import { matchesGlob } from '../resources/node.ts';

/** Who may read the API. */
export interface AdminGuard {
  /** Globs; one name of the client certificate (SPIFFE ID or DNS name) must match one of them. */
  readonly clients: readonly string[];
  readonly isRevoked: (certificate: PeerCertificate) => boolean;
}

/** What anybody may ask: probes show no certificate, and the answers say nothing but yes or no. */
const OPEN_ROUTES: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/**
 * Why a request is refused; undefined: it is not. The server asks for certificates without demanding them, so that probes work: what TLS thought of the
 * certificate is judged here.
 */
export function refusalOf(
  guard: AdminGuard,
  route: string | undefined,
  request: IncomingMessage,
): string | undefined {
  if (route !== undefined && OPEN_ROUTES.has(route)) return undefined;
  const { socket } = request;
  const raw =
    socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate()?.raw : undefined;
  if (raw === undefined) return 'a client certificate of a trusted CA is required';
  const certificate = readPeerCertificate(raw);
  if (guard.isRevoked(certificate)) return 'the client certificate has been revoked';
  // A connection may outlive the certificate that it was opened with.
  if (certificate.notAfterMs <= Date.now()) return 'the client certificate has expired';
  const names = [...certificate.names.uris, ...certificate.names.dnsNames];
  const isNamed = names.some(name => guard.clients.some(glob => matchesGlob(glob, name)));
  return isNamed ? undefined : 'the client certificate has none of the names that may read this API';
}
