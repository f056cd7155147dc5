import type { Logger } from '../platform/log.ts';
import type { TlsEvent } from '../tls/server-tls.ts';

/** Log lines about the certificate of the admin server. */
export function adminTlsObserver(log: Logger): (event: TlsEvent) => void {
  return event => {
    if (event.kind === 'tlsLoaded') {
      const notAfter = new Date(event.notAfterMs).toISOString();
      log.info(
        { event: 'admin.tls_loaded', fingerprint: event.fingerprint256, not_after: notAfter },
        'the admin server has a new certificate',
      );
    } else {
      log.error({ event: 'admin.tls_refused' }, `the admin server keeps its certificate: ${event.message}`);
    }
  };
}
