import { openAuthority } from '../authority/open-authority.ts';
import { Renewer } from '../authority/renewer.ts';
import type { ServeSettings } from '../config/serve-settings.ts';
import { ExpiryWatch, type WatchedCertificate } from '../observability/expiry-watch.ts';
import { renewalObserver } from '../observability/renewal-observer.ts';
import type { Clock } from '../platform/clock.ts';
import type { Component } from '../platform/lifecycle.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { ResourceStore } from '../store/resource-store.ts';

export interface CertificateUpkeepParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly store: Pick<ResourceStore, 'secrets'>;
}

/** How often it is looked for certificates to renew. */
const RENEWAL_INTERVAL_MS = 60_000;
const DAY_MS = 86_400_000;

/** Renews what the CA of `--ca-dir` has issued, and tells of certificates of proxies that run out. */
export function certificateUpkeep(
  settings: ServeSettings,
  parts: CertificateUpkeepParts,
): readonly Component[] {
  return [...renewal(settings, parts), expiry(settings, parts)];
}

/** None without a CA directory. */
function renewal(
  { caDirectory, caPassphraseFile }: ServeSettings,
  { clock, log, metrics }: CertificateUpkeepParts,
): readonly Component[] {
  if (caDirectory === undefined) return [];
  let renewer: Renewer | undefined;
  return [
    {
      name: 'certificate authority',
      start: async () => {
        const authority = await openAuthority(caDirectory, caPassphraseFile, clock);
        const observer = renewalObserver({ metrics, log });
        renewer = new Renewer({ authority, clock, observer }, RENEWAL_INTERVAL_MS);
        await renewer.start();
      },
      stop: async () => renewer?.stop(),
    },
  ];
}

function expiry(settings: ServeSettings, { clock, log, store }: CertificateUpkeepParts): Component {
  const certificates = (): readonly WatchedCertificate[] =>
    store.secrets().flatMap(({ group, name, kind, notAfterMs, notBeforeMs }) => {
      if (kind !== 'certificate' || notAfterMs === undefined || notBeforeMs === undefined) return [];
      return [{ group, name, notAfterMs, notBeforeMs }];
    });
  const watch = new ExpiryWatch({ clock, log, certificates }, settings.certificateWarningDays * DAY_MS);
  return {
    name: 'expiry watch',
    start: () => {
      watch.start();
      return Promise.resolve();
    },
    stop: () => {
      watch.stop();
      return Promise.resolve();
    },
  };
}
