import type { TLSSocket } from 'node:tls';
import type { TokenSettings } from '../config/token-settings.ts';
import { tlsFilesOf } from '../config/tls-files.ts';
import { clientCertificateOf } from '../endpoints/token/client-certificate.ts';
import { portTlsObserver } from '../observability/port-tls-observer.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { ClientCertificate } from '../token-service/request-context.ts';
import type { PortTls } from '../tls/http-port.ts';
import { ServerTls, type WatchPaths } from '../tls/server-tls.ts';

/** How often the certificate is read without a hint. */
const TLS_POLL_MS = 1_000;

/** How the port of the token service is protected, and which certificates of clients count. */
export interface TokenTls {
  readonly tls: PortTls | undefined;
  readonly certificateOf: (socket: TLSSocket) => ClientCertificate | undefined;
}

export function tokenTlsOf(
  settings: TokenSettings,
  { clock, log, watch }: { readonly clock: Clock; readonly log: Logger; readonly watch: WatchPaths },
): TokenTls {
  const files = tlsFilesOf({
    cert: settings.tokenTlsCert,
    key: settings.tokenTlsKey,
    clientCa: settings.tokenTlsClientCa,
    clientCrl: settings.tokenTlsClientCrl,
  });
  if (files === undefined) return { tls: undefined, certificateOf: () => undefined };
  let server: ServerTls | undefined;
  return {
    tls: {
      load: async apply => {
        const options = { title: 'token service', files, pollMs: TLS_POLL_MS };
        server = await ServerTls.load({ clock, observe: portTlsObserver(log, 'tokens'), watch }, options);
        server.follow(apply);
      },
      stop: () => server?.[Symbol.dispose](),
      asksForCertificates: files.clientCaPath !== undefined,
    },
    certificateOf: socket =>
      clientCertificateOf(socket, clock.nowMs(), certificate => server?.isRevoked(certificate) === true),
  };
}
