import type { Logger } from '../platform/log.ts';
import type { TlsEvent } from '../tls/server-tls.ts';

/** Ports with a certificate, by what their log events begin with. */
const TITLES = { admin: 'the admin server', tokens: 'the token service' } as const;

/** Log lines about the certificate of a port. */
export function portTlsObserver(log: Logger, port: keyof typeof TITLES): (event: TlsEvent) => void {
  const title = TITLES[port];
  return event => {
    if (event.kind === 'tlsLoaded') {
      const notAfter = new Date(event.notAfterMs).toISOString();
      log.info(
        { event: `${port}.tls_loaded`, fingerprint: event.fingerprint256, not_after: notAfter },
        `${title} has a new certificate`,
      );
    } else {
      log.error({ event: `${port}.tls_refused` }, `${title} keeps its certificate: ${event.message}`);
    }
  };
}
