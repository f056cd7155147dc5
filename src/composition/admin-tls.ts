import type { AdminGuard } from '../admin/admin-guard.ts';
import type { AdminTls } from '../admin/admin-server.ts';
import type { ServeSettings } from '../config/serve-settings.ts';
import { tlsFilesOf } from '../config/tls-files.ts';
import { portTlsObserver } from '../observability/port-tls-observer.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import { ServerTls, type WatchPaths } from '../tls/server-tls.ts';

/** How often the certificate of the admin server is read without a hint. */
const TLS_POLL_MS = 1_000;

/** How the settings protect the admin port; undefined: it has no TLS. */
export function adminTlsOf(
  settings: ServeSettings,
  { clock, log, watch }: { readonly clock: Clock; readonly log: Logger; readonly watch: WatchPaths },
): AdminTls | undefined {
  const files = tlsFilesOf({
    cert: settings.adminTlsCert,
    key: settings.adminTlsKey,
    clientCa: settings.adminTlsClientCa,
    clientCrl: settings.adminTlsClientCrl,
  });
  if (files === undefined) return undefined;
  let tls: ServerTls | undefined;
  const guard: AdminGuard = {
    clients: settings.adminClients.split(',').map(name => name.trim()),
    isRevoked: certificate => tls?.isRevoked(certificate) === true,
  };
  return {
    load: async apply => {
      const options = { title: 'admin server', files, pollMs: TLS_POLL_MS };
      tls = await ServerTls.load({ clock, observe: portTlsObserver(log, 'admin'), watch }, options);
      tls.follow(apply);
    },
    stop: () => tls?.[Symbol.dispose](),
    asksForCertificates: files.clientCaPath !== undefined,
    ...(files.clientCaPath === undefined ? {} : { guard }),
  };
}
