import type { ResourceStore } from '../store/resource-store.ts';

/** `host:port` of the servers, with the ports that were taken. */
export interface ListeningAddresses {
  readonly xds: string;
  readonly admin: string;
  /** Absent without a token service. */
  readonly tokens?: string;
}

/** What the ready line says. */
export interface ReadyReport extends ListeningAddresses {
  /** Node groups and resources that are served. */
  readonly groups: number;
  readonly resources: number;
}

/** Counts what is served. */
export function readyReport(
  store: Pick<ResourceStore, 'groups'>,
  addresses: ListeningAddresses,
): ReadyReport {
  const groups = store.groups();
  const counts = groups.flatMap(group => [...group.resourceCounts.values()]);
  return { ...addresses, groups: groups.length, resources: counts.reduce((sum, count) => sum + count, 0) };
}
