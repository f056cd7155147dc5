import type { JwksObserver, JwksStatus } from '../jwks/jwks-cache.ts';
import type { JwksSource } from '../jwks/jwks-source.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';

/** Turns what the key set cache tells into metrics and log lines; a failure that goes on is logged once. */
export function jwksObserver({
  metrics,
  log,
}: {
  readonly metrics: Metrics;
  readonly log: Logger;
}): JwksObserver {
  const reasons = new Map<string, string>();
  return {
    fetched: ({ source, result, reason }) => {
      for (const provider of source.providers) metrics.count('jwksFetches', { provider, result });
      const known = reasons.get(source.url);
      if (reason === undefined) {
        reasons.delete(source.url);
        if (known !== undefined) {
          log.info(
            { event: 'jwks.recovered', ...named(source) },
            `the key set of ${labelOf(source)} is fetched again`,
          );
        }
      } else if (reason !== known) {
        reasons.set(source.url, reason);
        log.warn(
          { event: 'jwks.failed', ...named(source), reason },
          `the key set of ${labelOf(source)} cannot be fetched: ${reason}`,
        );
      }
    },
    changed: ({ source, kids }) => {
      log.info(
        { event: 'jwks.changed', ...named(source), kids },
        `the keys of ${labelOf(source)} are now: ${kids.join(', ')}`,
      );
    },
    keepFailed: thrown => {
      log.error({ event: 'jwks.keep_failed', err: thrown }, messageOf(thrown));
    },
  };
}

/** Gauges that depend on the time of the scrape. */
export function collectJwks(metrics: Metrics, status: readonly JwksStatus[], nowMs: number): void {
  for (const { source, fetchedMs, keys } of status) {
    for (const provider of source.providers) {
      metrics.set('jwksKeys', { provider }, keys);
      if (fetchedMs !== undefined) metrics.set('jwksAgeSeconds', { provider }, (nowMs - fetchedMs) / 1000);
    }
  }
}

/** Where it comes from, without what might be a secret in the query. */
function named({ url, providers }: JwksSource): {
  readonly host: string;
  readonly providers: readonly string[];
} {
  return { host: new URL(url).host, providers };
}

function labelOf({ providers }: JwksSource): string {
  return providers.join(', ');
}
