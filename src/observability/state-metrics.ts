import type { Fleet } from '../fleet/fleet.ts';
import type { Metrics } from '../platform/metrics.ts';
import { METRIC_FAMILIES } from '../platform/metric-families.ts';
import { RESOURCE_TYPES, shortNameOf, type ResourceTypeName } from '../resources/type-url.ts';
import { contentVersion } from '../resources/version.ts';
import type { GroupStatus } from '../store/group-status.ts';
import type { ResourceStore } from '../store/resource-store.ts';

/** What gauges are read from. */
export interface ObservedState {
  readonly store: Pick<ResourceStore, 'groups' | 'nodesWithout'>;
  readonly fleet: Pick<Fleet, 'clients'>;
  readonly pushQueueDepth: number;
}

/** Sets the gauges that show state; called before each scrape. */
export function collectState(metrics: Metrics, { store, fleet, pushQueueDepth }: ObservedState): void {
  const groups = store.groups();
  metrics.set('snapshotGroups', {}, groups.length);
  metrics.set('snapshotStaleGroups', {}, groups.filter(group => group.state !== 'current').length);
  const counts = new Map<ResourceTypeName | 'other', number>(RESOURCE_TYPES.map(type => [type.shortName, 0]));
  for (const [typeUrl, count] of groups.flatMap(group => [...group.resourceCounts])) {
    const type = shortNameOf(typeUrl);
    counts.set(type, (counts.get(type) ?? 0) + count);
  }
  for (const [type, count] of counts) metrics.set('snapshotResources', { type }, count);
  metrics.clear('snapshotInfo');
  if (groups.length > 0) {
    const version_hash = contentVersion(groups.flatMap(({ key, version }) => [key, version]));
    metrics.set('snapshotInfo', { version_hash }, 1);
  }
  metrics.set(
    'xdsUnmatchedClients',
    {},
    store.nodesWithout().filter(({ reason }) => reason === 'unmatched').length,
  );
  metrics.set('xdsPushQueueDepth', {}, pushQueueDepth);
  collectClients(metrics, fleet);
  collectCertificates(metrics, groups);
}

function collectCertificates(metrics: Metrics, groups: readonly GroupStatus[]): void {
  metrics.clear('snapshotCertificateNotAfter');
  const earliestMs = new Map<string, number>();
  for (const { key, certificates } of groups) {
    for (const { notAfterMs } of certificates) {
      earliestMs.set(key, Math.min(earliestMs.get(key) ?? notAfterMs, notAfterMs));
    }
  }
  for (const [group, endMs] of earliestMs)
    metrics.set('snapshotCertificateNotAfter', { group }, endMs / 1000);
}

function collectClients(metrics: Metrics, fleet: Pick<Fleet, 'clients'>): void {
  metrics.clear('xdsClients');
  for (const { typeUrl, group, state, count } of fleet.clients()) {
    metrics.add('xdsClients', { type: shortNameOf(typeUrl), state, group: group ?? 'none' }, count);
  }
}

/** Counts a request to the admin server. */
export function countRequest(metrics: Metrics, route: string, statusCode: number): void {
  const known = METRIC_FAMILIES.apiRequests.labels.route.find(candidate => candidate === route) ?? 'unknown';
  const code_class = (['2xx', '3xx', '4xx'] as const)[Math.floor(statusCode / 100) - 2] ?? '5xx';
  metrics.count('apiRequests', { route: known, code_class });
}
