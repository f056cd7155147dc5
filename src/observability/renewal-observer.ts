import type { RenewalObserver } from '../authority/renewer.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';

/** Turns what renewing tells into metrics and log lines; a failure that goes on is logged once. */
export function renewalObserver({
  metrics,
  log,
}: {
  readonly metrics: Metrics;
  readonly log: Logger;
}): RenewalObserver {
  let failure: string | undefined;
  return {
    renewed: ({ renewed, newIssuer, newLists }) => {
      failure = undefined;
      if (renewed.length > 0) metrics.count('caRenewals', { result: 'renewed' }, renewed.length);
      log.info(
        { event: 'ca.renewed', certificates: renewed, new_issuer: newIssuer, new_lists: newLists },
        `the CA has renewed ${renewed.length} certificates`,
      );
    },
    failed: thrown => {
      metrics.count('caRenewals', { result: 'failed' });
      const message = messageOf(thrown);
      if (message === failure) return;
      failure = message;
      log.error({ event: 'ca.renewal_failed' }, `certificates are not renewed: ${message}`);
    },
  };
}
